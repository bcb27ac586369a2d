import type { FastifyRequest } from "fastify";
import t from "tap";
import { checkCaller } from "../../src/admission/client-certificate.ts";

const calledBy = (socket: unknown): FastifyRequest => ({ raw: { socket } }) as unknown as FastifyRequest;
const certified = (CN: unknown, authorized = true): FastifyRequest =>
  calledBy({ authorized, getPeerCertificate: () => ({ subject: { CN } }) });

t.test("only a caller with a certificate of the CA, of one of the names, may call", async (t) => {
  const answer = (request: FastifyRequest, ...subjects: readonly string[]): number => {
    try {
      checkCaller(request, { subjects });
      return 200;
    } catch (error) {
      return (error as { statusCode: number }).statusCode;
    }
  };
  t.equal(answer(certified("kube-apiserver"), "kube-apiserver"), 200);
  t.equal(answer(certified("kube-apiserver"), "front-proxy", "kube-apiserver"), 200, "one of several names");
  t.equal(
    answer(certified(["other", "kube-apiserver"]), "kube-apiserver"),
    200,
    "a certificate of several names",
  );
  t.equal(answer(certified("anybody")), 200, "no names are configured: whoever the CA signed for");
  t.equal(answer(certified("other"), "kube-apiserver", "front-proxy"), 403);
  t.equal(answer(certified(undefined), "kube-apiserver"), 403, "a certificate without a name");
  t.equal(answer(certified("kube-apiserver", false), "kube-apiserver"), 401, "one that the CA did not sign");
  t.equal(answer(calledBy({ authorized: true }), "kube-apiserver"), 401, "no TLS");
  t.equal(answer(calledBy({})), 401, "none");
});

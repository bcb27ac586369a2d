import { fork } from "node:child_process"; import { once } from "node:events";
const server = fork(new URL("cluster-server.ts", import.meta.url), ["1"], { execArgv: [] });
const [{ url }] = (await once(server, "message")) as any;
const c = fork(new URL("x-client.ts", import.meta.url), ["live", url, "0", "200000"], { execArgv: ["--expose-gc"] });
const [r] = (await once(c, "message")) as any; console.log(r.growth.map((x: number) => (x / 1e6).toFixed(1))); server.kill();

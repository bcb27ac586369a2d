import { portal } from "./portal.js";

const server = portal().listen(8080, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

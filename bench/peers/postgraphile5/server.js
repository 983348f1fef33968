// PostGraphile 5 in one process: the amber preset with the plugins its docs recommend, grafserv's own node server, no
// watching, no Ruru. In: DATABASE_URL, SCHEMA, PORT, POOL. Out: POST /graphql.
import { createServer } from "node:http";
import { PgSimplifyInflectionPreset } from "@graphile/simplify-inflection";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const { DATABASE_URL, SCHEMA, PORT, POOL } = process.env;

const instance = postgraphile({
  extends: [PostGraphileAmberPreset, PgSimplifyInflectionPreset, PostGraphileConnectionFilterPreset],
  pgServices: [
    makePgService({ connectionString: DATABASE_URL, schemas: [SCHEMA], poolConfig: { max: Number(POOL) }, pubsub: false }),
  ],
  schema: { defaultBehavior: "+list +connection", pgOmitListSuffix: true },
  grafast: { explain: false },
  grafserv: { watch: false, graphiql: false, websockets: false },
});

const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(PORT), "127.0.0.1");

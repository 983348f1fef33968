// PostGraphile 4 in one process, as its production page advises: no watching, no query log, no GraphiQL, simple lists,
// nothing wrapped in a transaction that need not be. In: DATABASE_URL, SCHEMA, PORT, POOL. Out: POST /graphql.
"use strict";
const { createServer } = require("node:http");
const { Pool } = require("pg");
const { postgraphile } = require("postgraphile");
const ConnectionFilterPlugin = require("postgraphile-plugin-connection-filter");
const PgSimplifyInflectorPlugin = require("@graphile-contrib/pg-simplify-inflector");

const { DATABASE_URL, SCHEMA, PORT, POOL } = process.env;
const pool = new Pool({ connectionString: DATABASE_URL, max: Number(POOL) });

const handler = postgraphile(pool, SCHEMA, {
  appendPlugins: [PgSimplifyInflectorPlugin, ConnectionFilterPlugin],
  graphileBuildOptions: { pgOmitListSuffix: true },
  simpleCollections: "both",
  watchPg: false,
  graphiql: false,
  disableQueryLog: true,
  retryOnInitFail: false,
  dynamicJson: true,
  setofFunctionsContainNulls: false,
  ignoreRBAC: false,
  legacyRelations: "omit",
});

createServer(handler).listen(Number(PORT), "127.0.0.1");

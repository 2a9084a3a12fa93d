// Checks the identity that EasyAuth has signed, in Node 18 or later without any package.
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { createServer } from "node:http";

const { JWKS_URL, ISSUER, AUDIENCE, PORT } = process.env;
if (!JWKS_URL || !ISSUER || !AUDIENCE || !PORT) {
  throw new Error("JWKS_URL, ISSUER, AUDIENCE and PORT must be set");
}

const KEEP = 300; // seconds
const PAUSE = 10; // seconds between two requests for keys, whatever kid tokens have
const LEEWAY = 30; // seconds that clocks may differ

const seconds = () => Date.now() / 1000;
let keys = new Map();
let fetched = -Infinity;

// The public key of a kid. Keys are kept for five minutes, and fetched again when a token has a kid that is not known.
async function publicKey(kid) {
  const age = seconds() - fetched;
  if (age > KEEP || (!keys.has(kid) && age > PAUSE)) {
    const answer = await fetch(JWKS_URL, { redirect: "error", signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) {
      throw new Error(`the keys cannot be fetched: ${answer.status}`);
    }
    const usable = (await answer.json()).keys.filter((k) => k.kty === "EC" && k.crv === "P-256" && k.use === "sig");
    keys = new Map(usable.map((k) => [k.kid, createPublicKey({ key: k, format: "jwk" })]));
    fetched = seconds();
  }
  const key = keys.get(kid);
  if (key === undefined) {
    throw new Error("no such kid");
  }
  return key;
}

const decode = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

function check(right, what) {
  if (!right) {
    throw new Error(what);
  }
}

// The claims, once signature, algorithm, issuer, audience and times are right. Node joins two headers with a comma.
async function verify(headers) {
  const parts = (headers["x-injected-assertion"] ?? "").split(".");
  check(parts.length === 3, "not exactly one assertion");
  const header = decode(parts[0]);
  check(header.alg === "ES256" && header.crit === undefined, "not ES256");
  const key = { key: await publicKey(header.kid), dsaEncoding: "ieee-p1363" };
  const signature = Buffer.from(parts[2], "base64url");
  check(verifySignature("sha256", Buffer.from(`${parts[0]}.${parts[1]}`), key, signature), "the signature is wrong");
  const claims = decode(parts[1]);
  check(claims.iss === ISSUER, "another issuer");
  check(claims.aud === AUDIENCE, "another audience");
  check(Number.isInteger(claims.exp) && claims.exp > seconds() - LEEWAY, "expired");
  check(Number.isInteger(claims.nbf) && claims.nbf <= seconds() + LEEWAY, "not valid yet");
  return claims;
}

createServer(async (request, response) => {
  let status = 200;
  let answer;
  try {
    answer = await verify(request.headers);
  } catch (error) {
    console.error(error.message);
    [status, answer] = [401, "no identity"];
  }
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(answer));
}).listen(Number(PORT), "127.0.0.1");

// Clients of Node.js, against servers that test.py started.
import assert from "node:assert/strict";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { InferenceClient } from "@huggingface/inference";
import { embedMany } from "ai";
import { CohereClientV2 } from "cohere-ai";
import OpenAI from "openai";

const facts = JSON.parse(process.env.FACTS);
const { model, texts, expected } = facts;

function same(name, actual) {
  actual.forEach((vector, row) => vector.forEach((value, at) => {
    assert.ok(Math.abs(value - expected[row][at]) <= 1e-6, `${name}: ${row}, ${at}`);
  }));
  assert.equal(actual[0].length, expected[0].length);
  console.log(`ok: ${name}`);
}

async function raises(name, kind, call) {
  await assert.rejects(call, kind, name);
  console.log(`ok: ${name}: ${kind.name}`);
}

const client = (baseURL, options = {}) => new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: "none", ...options });

// The server is busy already, but for moments between two large requests: this comes first.
let refused;
for (let tries = 0; tries < 200 && !refused; tries++) {
  await client(facts.busy, { maxRetries: 0 }).embeddings.create({ model, input: "a" }).catch((error) => { refused = error; });
}
assert.ok(refused instanceof OpenAI.RateLimitError, `a full server: ${refused}`);
console.log("ok: a full server: RateLimitError");
const again = await client(facts.busy, { maxRetries: 60 }).embeddings.create({ model, input: texts[0] });
same("what it tries again by itself", [again.data[0].embedding]);

const openai = await client(facts.url).embeddings.create({ model, input: texts });
same("openai, in base64 by itself", openai.data.map((entry) => entry.embedding));
await raises("an unknown model", OpenAI.NotFoundError, () => client(facts.url).embeddings.create({ model: "none", input: "a" }));
await raises("a wrong key", OpenAI.AuthenticationError, () => client(facts.keyed, { apiKey: "wrong" }).embeddings.create({ model, input: "a" }));

const provider = createOpenAICompatible({ name: "embedkit", baseURL: `${facts.url}/v1` });
const many = await embedMany({ model: provider.textEmbeddingModel(model), values: texts });
same("ai", many.embeddings);

const hub = new InferenceClient("none", { endpointUrl: facts.url });
const features = await hub.featureExtraction({ inputs: texts });
same("@huggingface/inference", features);

const cohere = new CohereClientV2({ token: "none", environment: facts.url });
const embedded = await cohere.embed({ model, texts, inputType: "search_document", embeddingTypes: ["float"] });
same("cohere-ai", embedded.embeddings.float);
const ranked = await cohere.rerank({ model: facts.reranker, query: facts.query, documents: facts.documents });
const best = facts.scores.indexOf(Math.max(...facts.scores));
assert.equal(ranked.results[0].index, best);
console.log("ok: cohere-ai rerank");

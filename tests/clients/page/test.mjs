// The server's page in a browser, at servers that test.py started.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

import puppeteer from "puppeteer-core";

const facts = JSON.parse(process.env.FACTS);
const ok = (name) => console.log(`ok: ${name}`);

const browser = await puppeteer.launch({
  executablePath: facts.browser,
  args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
});

// A page that notes what went wrong, and whom it asked.
async function open(address, width) {
  const page = await browser.newPage();
  await page.setViewport({ width, height: 900 });
  const wrong = [];
  const strangers = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(address).origin) strangers.push(request.url());
  });
  await page.goto(address, { waitUntil: "networkidle0" });
  return { page, wrong, strangers };
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
const rows = (page) => page.$$eval("#answer tbody tr", (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));

// Types into a field instead of what stands there.
async function write(page, selector, value) {
  await page.$eval(selector, (field) => { field.value = ""; });
  await page.type(selector, value);
}

// Sends a form by its button, and gives the table that comes.
async function send(page, task) {
  await page.$eval("#answer", (answer) => answer.replaceChildren());
  await page.click(`#panel-${task} button`);
  await page.waitForSelector("#answer table, #answer .error");
  const error = await page.$("#answer .error");
  assert.equal(error && await error.evaluate((element) => element.textContent), null, task);
  return rows(page);
}

// Runs the command for cURL that the page shows.
async function shown(page) {
  const answer = execFileSync("sh", ["-c", `${await text(page, "#curl")} -sf`], { env: { ...process.env, KEY: facts.key } });
  return JSON.parse(answer);
}

async function forms(page) {
  await write(page, "#embed-text", "a cat\na kitten");
  const embedded = await send(page, "embed");
  assert.deepEqual(embedded.map(([number]) => number), ["1", "2"]);
  const told = embedded[0][1].split(": ")[1].split(", ").slice(0, 6).map(Number.parseFloat);
  facts.vector.forEach((value, at) => assert.ok(Math.abs(value - told[at]) < 1e-4, `${told} instead of ${facts.vector}`));
  assert.equal((await shown(page)).data.length, 2);

  await page.click("#tab-rerank");
  await write(page, "#rerank-query", facts.query);
  await write(page, "#rerank-text", facts.documents.join("\n"));
  const ranked = await send(page, "rerank");
  const expected = facts.documents.map((document, index) => [facts.scores[index].toFixed(4), document]);
  assert.deepEqual(ranked, expected.sort(([left], [right]) => right - left));
  assert.equal((await shown(page)).results.length, 2);

  await page.click("#tab-similarity");
  await write(page, "#similarity-query", "a cat");
  await write(page, "#similarity-text", "a cat\na tax form");
  const compared = await send(page, "similarity");
  assert.deepEqual(compared.map(([, other]) => other), ["a cat", "a tax form"]);
  assert.ok(compared[0][0] === "1.0000" && compared[1][0] < 0.9, `${compared}`);
  assert.equal((await shown(page)).length, 2);
}

for (const width of [1280, 360]) {
  const { page, wrong, strangers } = await open(`${facts.url}/`, width);
  assert.equal(await text(page, "#state"), "ok");
  const models = await page.$$eval("#models tr", (rows) => rows.map((row) => row.cells[0].textContent));
  assert.deepEqual(models, [facts.model, facts.reranker]);
  await forms(page);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(overflow <= 0, `${overflow} pixels stand out at ${width}`);
  await page.screenshot({ path: join(facts.place, `page-${width}.png`), fullPage: true });
  assert.deepEqual([wrong, strangers], [[], []]);
  ok(`the page works ${width} pixels wide, and asks nobody else`);
  await page.close();
}

{
  const { page } = await open(`${facts.url}/`, 1280);
  await page.focus("#tab-embed");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.evaluate(() => document.activeElement.id), "tab-similarity");
  assert.equal(await page.$eval("#panel-similarity", (panel) => panel.hidden), false);
  // To the panel's model, its text, the others, the button.
  for (let steps = 0; steps < 4; steps++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#answer table");
  ok("the keyboard alone is enough");
  await page.close();
}

{
  const { page } = await open(`${facts.keyed}/`, 1280);
  await page.waitForSelector("#key-form:not([hidden])");
  await page.type("#key", facts.key);
  await page.click("#key-form button");
  await page.waitForSelector("#key-form[hidden]");
  await page.waitForSelector("#models tr");
  await forms(page);
  ok("a key is asked for, and used, below a path of its own");
}

await browser.close();

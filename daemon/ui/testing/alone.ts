/** `alone.ts PAGE TRUST BUNDLE`: what Chromium's page says, for a caller that has taken the network away. */
import { give, openBrowser, openPage } from "./browser.ts";

const [path = "", trust = "", bundle = ""] = Bun.argv.slice(2);
const opened = await openBrowser("chromium");
try {
  const { page } = await openPage(opened, path);
  const { verdict } = await give(page, { trust: [trust], evidence: [bundle] });
  process.stdout.write(`${verdict}\n`);
} finally {
  await opened.close();
}

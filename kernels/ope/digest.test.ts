/** Everything the kernel answers, pinned: what differs here would differ between machines, and a verdict could not be drawn again. */
import { expect, test } from "bun:test";
import { digestsOf } from "./digest.ts";
import { createOffPolicy } from "./index.ts";

test("the same bits as ever, from a new instance and from one that has answered before", () => {
  const kernel = createOffPolicy();
  const digests = digestsOf(kernel);
  expect(digests).toEqual({
    estimates: "56 129677c2c63ca108",
    sequence: "18 c4f1cd5d382c4cfa",
    betting: "3 411d5b863bf4730a",
    bootstrap: "80 3b74119db0c7b80d",
    functions: "2800 19c39fcbdbe85200",
  });
  expect(digestsOf(kernel)).toEqual(digests);
});

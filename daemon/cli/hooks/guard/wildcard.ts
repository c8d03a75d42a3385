/** Whether a text fits a pattern of `*` (any run) and `?` (any one character), without case. In time of their product, whatever both say. */
export function fits(pattern: string, text: string): boolean {
  const [wanted, given] = [pattern.toLowerCase(), text.toLowerCase()];
  let at = 0;
  let place = 0;
  let star = -1;
  let from = 0;
  while (place < given.length) {
    if (wanted[at] === "*") {
      star = at++;
      from = place;
    } else if (wanted[at] === "?" || wanted[at] === given[place]) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++from;
    } else return false;
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}

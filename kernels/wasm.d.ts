declare module "*.wasm" {
  /** A path on the node, a data URL in a page: see `kernelBytes` in loader.ts. */
  const reference: string;
  export default reference;
}

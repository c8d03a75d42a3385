/** Vectors as they are stored: little-endian float16, half of float32's bytes. The index holds the same numbers, so nothing is lost between the two. */

export function toHalf(vector: Float32Array): Uint8Array {
  return new Uint8Array(new Float16Array(vector).buffer);
}

export function fromHalf(bytes: Uint8Array): Float32Array {
  // A view needs an even place in its buffer, which bytes out of a record need not have.
  return new Float32Array(new Float16Array(bytes.slice().buffer));
}

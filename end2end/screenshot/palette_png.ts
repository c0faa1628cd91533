/**
 * Writes a picture as a PNG with a palette of 256 colours, a third of the size of one with full colours. Made for pictures of
 * pages: few colours, and their smoothed edges.
 */

import { crc32, deflateSync } from "node:zlib";

const COLOURS = 256;

/** `pixels` are red, green, blue and alpha of each pixel, row by row; alpha is ignored. */
export function encodePalettePng(width: number, height: number, pixels: Uint8Array): Buffer {
  const { palette, indices } = reduce(pixels);
  // Every row begins with its filter; for palettes "none" compresses best.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette)),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** The commonest colours as they are, every other pixel in the nearest of them. */
function reduce(pixels: Uint8Array): { palette: number[]; indices: Uint8Array } {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 4) {
    const colour = (pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!;
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const channels = (colour: number) => [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255] as const;
  const distance = (a: number, b: number) => {
    const [one, other] = [channels(a), channels(b)];
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2;
  };
  // A shade that differs from a commoner one by nothing that an eye sees needs no place of its own.
  const kept: number[] = [];
  for (const closeness of [300, 100, 30, 0]) {
    for (const [colour] of [...counts].sort((a, b) => b[1] - a[1])) {
      if (kept.length === COLOURS) break;
      if (kept.every((other) => distance(colour, other) > closeness)) kept.push(colour);
    }
  }
  const nearest = new Map<number, number>();
  for (const colour of counts.keys()) {
    let best = 0;
    for (let index = 1; index < kept.length; index += 1) {
      if (distance(colour, kept[index]!) < distance(colour, kept[best]!)) best = index;
    }
    nearest.set(colour, best);
  }
  const indices = new Uint8Array(pixels.length / 4);
  for (let at = 0; at < pixels.length; at += 4) {
    indices[at / 4] = nearest.get((pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!) ?? 0;
  }
  return { palette: kept.flatMap((colour) => [...channels(colour)]), indices };
}

/** How many slots a Redis Cluster spreads its keys over. */
const slotCount = 16_384;

/** CRC-16/XMODEM, byte by byte, as Redis Cluster computes it. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The slot of a hash tag, which is ASCII. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (let i = 0; i < tag.length; i++) {
    crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ tag.charCodeAt(i)] ?? 0);
  }
  return crc % slotCount;
}

/** How evenly users and what they send spread over shards, 1 being the mean of all shards. */
export interface Balance {
  readonly usersOnFullestShard: number;
  readonly requestsOnBusiestShard: number;
  /** If nobody sends more than `limit` times the mean of all users. */
  readonly requestsOnBusiestShardWithLimit: number;
  /** What the busiest user sends, 1 being the mean of all users. */
  readonly requestsOfBusiestUser: number;
}

// A Pareto distribution: a fifth of the users sends four fifths of all requests.
const shape = Math.log(5) / Math.log(4);
const mean = shape / (shape - 1);

/** Deals users out to slots by the tag of their keys, and slots to shards in equal ranges, as a new cluster has them. */
export function simulate(users: number, shards: number, limit: number): Balance {
  const usersOn = new Float64Array(shards);
  const requestsOn = new Float64Array(shards);
  const limitedOn = new Float64Array(shards);
  let busiest = 0;
  for (let id = 1; id <= users; id++) {
    const shard = Math.floor((slotOf(`u:${id}`) * shards) / slotCount);
    const requests = randomOf(id) ** (-1 / shape);
    usersOn[shard]! += 1;
    requestsOn[shard]! += requests;
    limitedOn[shard]! += Math.min(requests, limit * mean);
    busiest = Math.max(busiest, requests);
  }
  return {
    usersOnFullestShard: unevenness(usersOn),
    requestsOnBusiestShard: unevenness(requestsOn),
    requestsOnBusiestShardWithLimit: unevenness(limitedOn),
    requestsOfBusiestUser: busiest / mean,
  };
}

function unevenness(shards: Float64Array): number {
  const sum = shards.reduce((total, each) => total + each, 0);
  return (Math.max(...shards) * shards.length) / sum;
}

/** A number above 0 and up to 1 that looks random, the same one for the same id (mulberry32). */
function randomOf(id: number): number {
  let bits = (id * 0x6d2b79f5) | 0;
  bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
  bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
  return (((bits ^ (bits >>> 14)) >>> 0) + 1) / 2 ** 32;
}

/** A provider with one fault, over an honest chain. The same seed lies in the same places. */
import type { Hash } from '../../../../src/primitives/hex.ts'
import type { BlobFilter } from '../beaconApi.ts'
import type { L1Block } from '../block.ts'
import { createFace, type Face, type Fetch, toHttpRequest } from '../face.ts'
import type { Random } from '../random.ts'
import { createRequest, type Request } from '../rpc.ts'
import type { SimulatedL1 } from '../simulatedL1.ts'
import type { View } from '../tree.ts'
import type { Fault, FaultTools, TransportFault } from './fault.ts'

export type LyingOptions = {
  /** Share of blocks (or of calls, for faults that are not about blocks) that are lied about; default all. */
  readonly rate?: number
}

export type LyingProvider = Face & {
  /** How often the fault has shown so far, so that a test can tell that it did. */
  told(): number
}

export function createLyingProvider(
  l1: SimulatedL1,
  fault: Fault,
  random: Random,
  { rate = 1 }: LyingOptions = {},
): LyingProvider {
  const stream = random.fork(fault.name)
  const tools: FaultTools = { random: stream, tree: l1.tree, inbox: l1.config.inbox, config: l1.config }
  const served = { config: l1.config, options: l1.faceOptions }
  let count = 0
  const told = () => count
  const tell = () => {
    count++
  }
  const lies = (): boolean => {
    const lie = rate >= 1 || stream.chance(rate)
    if (lie) tell()
    return lie
  }

  switch (fault.type) {
    case 'block': {
      const places = random.fork(`${fault.name}/places`)
      const alter = (block: L1Block) => {
        // Drawn from the block and not from a stream, so that the order of questions does not matter.
        const here = places.fork(block.hash)
        return here.chance(rate) ? fault.alter(block, { ...tools, random: here }) : undefined
      }
      const lie = createRequest(alteredView(l1.view, alter, tell), l1.config, l1.faceOptions)
      const request: Request = (method, params) =>
        (fault.methods?.includes(method) ?? true) ? lie(method, params) : l1.request(method, params)
      return { ...createFace({ ...served, view: l1.view, request }), told }
    }
    case 'answer': {
      const request: Request = async (method, params) => {
        const answer = await l1.request(method, params)
        return fault.methods.includes(method) && lies() ? fault.alter(answer, stream) : answer
      }
      return { ...createFace({ ...served, view: l1.view, request }), told }
    }
    case 'view': {
      const choose = fault.create(l1.view, tools)
      const face = (): Face => (lies() ? createFace({ ...served, view: choose() }) : l1)
      return {
        request: async (...call) => face().request(...call),
        fetch: async (...call) => face().fetch(...call),
        told,
      }
    }
    case 'blobs': {
      const filterBlobs: BlobFilter = (blobs) =>
        blobs.length > 0 && lies() ? fault.alter(blobs, tools) : blobs
      return { ...createFace({ ...served, view: l1.view, filterBlobs }), told }
    }
    case 'transport': {
      const fetch = faultyFetch(l1.fetch, fault, stream, lies)
      return { fetch, request: requestOver(fetch), told }
    }
  }
}

/** Each call goes to one of these, as behind a load balancer. */
export function createLoadBalancer(faces: readonly Face[], random: Random): Face {
  return {
    request: (...call) => random.pick(faces).request(...call),
    fetch: (...call) => random.pick(faces).fetch(...call),
  }
}

/** JSON-RPC over a fetch, for tests that speak to a provider directly. Throws whatever goes wrong on the wire. */
export function requestOver(fetch: Fetch): Request {
  return async (method, params = [], signal) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const response = await fetch('/', { method: 'POST', body, signal: signal ?? null })
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } }
    if (error !== undefined) throw new Error(error.message)
    return result
  }
}

function faultyFetch(honest: Fetch, fault: TransportFault, random: Random, doesFail: () => boolean): Fetch {
  return async (input, init) => {
    const request = toHttpRequest(input, init)
    request.signal.throwIfAborted()
    return doesFail() ? fault.respond(() => honest(request), request, random) : honest(request)
  }
}

/** Each block is altered once and for all, and found again under the hash it then has. */
function alteredView(truth: View, alter: (block: L1Block) => L1Block | undefined, tell: () => void): View {
  const served = new Map<Hash, L1Block>()
  const forged = new Map<Hash, L1Block>()
  const serve = (block: L1Block): L1Block => {
    const known = served.get(block.hash)
    if (known !== undefined) return known
    const lie = alter(block)
    if (lie !== undefined) {
      tell()
      forged.set(lie.hash, lie)
    }
    served.set(block.hash, lie ?? block)
    return lie ?? block
  }
  const maybe = (block: L1Block | undefined) => (block === undefined ? undefined : serve(block))
  return {
    ...truth,
    head: () => serve(truth.head()),
    safe: () => serve(truth.safe()),
    finalized: () => serve(truth.finalized()),
    at: (number) => maybe(truth.at(number)),
    block: (hash) => forged.get(hash) ?? maybe(truth.block(hash)),
    transaction: (hash) => {
      const found = truth.transaction(hash)
      if (found === undefined) return undefined
      const block = serve(found.block)
      return found.index < block.transactions.length ? { block, index: found.index } : undefined
    },
  }
}

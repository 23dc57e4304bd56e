/** What counts as taken at each entry point: servers that answer, refuse, break down and lie. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { parseCommitmentRequest } from '../../../src/preconf/commitments/json.ts'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
} from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import type { CommitmentRequest } from '../../../src/promise/commitment.ts'
import type { PromiseDomain } from '../../../src/promise/domain.ts'
import { committerOf, signHash } from '../../../src/promise/signature.ts'
import {
  commitmentHash,
  decodeTransactionRequest,
  executionCommitment,
} from '../../../src/promise/transactionPromise.ts'
import { createL1Rpc } from '../../../src/propose/l1Rpc.ts'
import { createPromiseEntry } from '../../../src/research/probe/askForPromise.ts'
import type { LoggedProbe } from '../../../src/research/probe/events.ts'
import { createPoolEntry } from '../../../src/research/probe/sendToPool.ts'
import { createDevnetSpec } from '../../../src/spec/devnet.ts'

const RAW: Hex = '0x02c0'
const HASH = keccak256Hex(hexToBytes(RAW))
const PROBE: LoggedProbe = {
  ...{ entry: 'preconf', class: 'transfer', sender: ZERO_ADDRESS, to: ZERO_ADDRESS, raw: RAW, hash: HASH },
}
const { signal } = new AbortController()

describe('the pool', () => {
  const send = (answer: () => Promise<unknown>) =>
    createPoolEntry({ l2: createL1Rpc({ name: 'l2', request: answer }) }).send(PROBE, signal)

  test('takes a transaction by answering its hash', async () => {
    expect(await send(async () => HASH)).toEqual({ outcome: 'accepted', detail: '' })
    expect(await send(async () => `0x${'00'.repeat(32)}`)).toMatchObject({ outcome: 'refused' })
  })

  test('refuses with words that are the same for the same reason, or breaks down', async () => {
    const refusing = async () => {
      throw Object.assign(new Error(`no room for ${HASH}`), { code: -32000 })
    }
    expect(await send(refusing)).toEqual({ outcome: 'refused', detail: 'RPC error -32000: no room for 0x…' })
    const broken = async () => {
      throw new Error('connection reset')
    }
    expect(await send(broken)).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('connection reset'),
    })
  })
})

const COMMITTER_KEY = new Uint8Array(32).fill(9)
const COMMITTER: Address = committerOf(COMMITTER_KEY)
const CHAIN_ID = 1670042n
const DOMAIN: PromiseDomain = {
  l1ChainId: 31_337n,
  domain: `0x${'0d'.repeat(32)}`,
  signingId: `0x${'0e'.repeat(32)}`,
  slasher: ZERO_ADDRESS,
}
const SPEC = createDevnetSpec({
  l1ChainId: 31_337n,
  l2ChainId: CHAIN_ID,
  inbox: ZERO_ADDRESS,
  startBlock: 0n,
  genesisTime: 0n,
  secondsPerSlot: 12n,
  genesis: { hash: `0x${'00'.repeat(32)}`, stateRoot: `0x${'00'.repeat(32)}` },
})
/** In slot 100. */
const NOW_MS = 1_200_000

type Reply = { readonly status?: number; readonly json: unknown }

describe('the commitments API', () => {
  const closing: (() => void)[] = []
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })

  /** A gateway that offers these slots, and answers requests as it is told. */
  async function ask(slots: unknown, reply: (request: CommitmentRequest) => Reply) {
    const asked: bigint[] = []
    const server = createServer(async (request, response) => {
      response.setHeader('content-type', 'application/json')
      if (request.url?.endsWith('/slots')) return response.end(JSON.stringify({ slots }))
      let body = ''
      for await (const chunk of request) body += chunk
      const parsed = parseCommitmentRequest(JSON.parse(body))
      const decoded = decodeTransactionRequest(hexToBytes(parsed.payload))
      if (decoded.type === 'decoded') asked.push(decoded.value.slot)
      const { status = 200, json } = reply(parsed)
      response.writeHead(status).end(JSON.stringify(json))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closing.push(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const entry = createPromiseEntry({ spec: SPEC, now: () => NOW_MS, url, domain: DOMAIN })
    await entry.ready([PROBE], signal)
    return { answer: await entry.send(PROBE, signal), asked }
  }
  const offer = (slot: number, types = [4, 5], chain = CHAIN_ID) => ({
    slot,
    offerings: [{ chain_id: Number(chain), commitment_types: types }],
  })

  /** A promise that this transaction has been executed in block 12, signed, with what is otherwise. */
  function promise(request: CommitmentRequest, transactionHash: Hash = HASH, signature?: Hex): Reply {
    const commitment = executionCommitment(request, {
      l2ChainId: CHAIN_ID,
      blockNumber: 12n,
      parentBlockHash: `0x${'01'.repeat(32)}`,
      transactionIndex: 1,
      transactionHash,
      receiptHash: `0x${'02'.repeat(32)}`,
      windowEnd: 1_500n,
    })
    return {
      json: {
        commitment: {
          commitment_type: 5,
          payload: commitment.payload,
          request_hash: commitment.requestHash,
          slasher: commitment.slasher,
        },
        nonce: 0,
        signing_id: DOMAIN.signingId,
        signature: signature ?? signHash(commitmentHash(commitment, DOMAIN), COMMITTER_KEY),
      },
    }
  }

  test('promises for the first slot on offer that leaves time', async () => {
    // Slot 100 has begun, slot 101 begins in 12 s; only executions on this chain count.
    const slots = [offer(100), offer(101, [4]), offer(101, [5], 1n), offer(102), offer(103)]
    const { answer, asked } = await ask(slots, (request) => promise(request))
    expect(asked).toEqual([102n])
    expect(answer).toEqual({
      outcome: 'accepted',
      detail: '',
      promise: { signer: COMMITTER, blockNumber: 12, windowEnd: 1_500 },
    })
    // Where none leaves as much, the last one.
    expect((await ask([offer(99), offer(100)], (request) => promise(request))).asked).toEqual([100n])
  })

  test('is believed only with a signed promise of this execution', async () => {
    const otherHash: Hash = `0x${'0f'.repeat(32)}`
    const judge = async (reply: (request: CommitmentRequest) => Reply) =>
      (await ask([offer(102)], reply)).answer
    expect(await judge((request) => promise(request, otherHash))).toMatchObject({
      outcome: 'refused',
      detail: 'the promise is about something else',
    })
    expect(
      await judge((request) => promise({ ...request, payload: bytesToHex(hexToBytes('0x01')) })),
    ).toMatchObject({
      detail: 'the promise is about something else',
    })
    expect(await judge((request) => promise(request, HASH, `0x${'00'.repeat(65)}`))).toMatchObject({
      detail: 'the promise is not signed',
    })
    expect(await judge(() => ({ json: { ok: true } }))).toMatchObject({
      detail: 'the answer is no signed commitment',
    })
    const inclusion = (request: CommitmentRequest): Reply => {
      const { json } = promise(request)
      const answer = json as { readonly commitment: object }
      return { json: { ...answer, commitment: { ...answer.commitment, payload: request.payload } } }
    }
    expect(await judge(inclusion)).toMatchObject({ detail: 'the promise is about something else' })
  })

  test('refuses by name, or breaks down, or offers nothing', async () => {
    const refusal = { status: 400, json: { code: 400, error: 'notOurWindow', message: 'no' } }
    expect((await ask([offer(102)], () => refusal)).answer).toEqual({
      outcome: 'refused',
      detail: 'notOurWindow',
    })
    expect((await ask([offer(102)], () => ({ status: 500, json: 'oops' }))).answer).toMatchObject({
      outcome: 'failed',
    })
    const { answer, asked } = await ask([offer(102, [4])], () => refusal)
    expect(answer).toEqual({ outcome: 'refused', detail: 'no slot is offered for promises of execution' })
    expect(asked).toEqual([])
    expect((await ask('nonsense', () => refusal)).answer).toMatchObject({ outcome: 'refused' })
  })
})

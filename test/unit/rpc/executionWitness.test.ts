/** `debug_executionWitness` and `plumbline replay`: what one answers the other executes, alone, to the same block. */
import { getContractAddress, pad, toHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256Hex } from '../../../src/primitives/keccak.ts'
import { executeBlock } from '../../../src/replay/execution/executeBlock.ts'
import { readReplayable } from '../../../src/replay/readInput.ts'
import { serializeRollupSpec } from '../../../src/spec/specFile.ts'
import { L2_CHAIN_ID } from '../../support/derive/harness.ts'
import { checkAnswer } from '../../support/openrpc.ts'
import {
  createDerivedNode,
  type DerivedNode,
  hasCallProcess,
  SENDER,
  sign,
} from '../../support/rpcDerived.ts'

/** Writes the second word of its calldata into the slot that the first one names. */
const KEEPER_CODE = '6020355f355500'
const keeper = getContractAddress({ from: SENDER.address, nonce: 3n })
const SLOTS = 24

let node: DerivedNode
let nonce = 3

const send = (fields: { to?: Hex; data?: Hex }) => sign({ chainId: L2_CHAIN_ID, nonce: nonce++, ...fields })
const keep = (slot: number, value: number) =>
  send({ to: keeper, data: `${pad(toHex(slot))}${pad(toHex(value)).slice(2)}` })

beforeAll(async () => {
  const filled = [await send({ data: `0x60078060095f395ff3${KEEPER_CODE}` })]
  for (let slot = 0; slot < SLOTS; slot++) filled.push(await keep(slot, 1))
  // Of every deletion it depends on the hash of the slot whether a branch loses its last but one child.
  const blocks = [filled]
  for (let slot = 0; slot < SLOTS; slot += 2) blocks.push([await keep(slot, 0), await keep(slot + 1, 0)])
  node = await createDerivedNode(blocks)
})

afterAll(() => node?.close())

type WitnessJson = { state: Hex[]; codes: Hex[]; keys: Hex[]; headers: Hex[] }

async function ask(number: number): Promise<{ block: Hex; witness: WitnessJson }> {
  const block = await node.answer('debug_getRawBlock', toHex(number))
  const witness = await node.answer('debug_executionWitness', toHex(number))
  checkAnswer('debug_executionWitness', witness)
  return { block, witness }
}

function replayFile(file: object) {
  const read = readReplayable(JSON.stringify({ ...file, spec: JSON.parse(serializeRollupSpec(node.spec)) }))
  if (read.type !== 'block') throw new Error('not recognised as one block')
  return executeBlock(read.input)
}

describe.skipIf(!hasCallProcess)('execution witnesses (need compiled call processes)', () => {
  test('every block of the chain executes alone to its own hash', async () => {
    const latest = Number(await node.answer('eth_blockNumber'))
    expect(latest).toBe(3 + 1 + SLOTS / 2)
    for (let number = 1; number <= latest; number++) {
      const { hash, expected } = await replayFile(await ask(number))
      expect(hash).toBe(expected)
      expect(hash).toBe((await node.answer('eth_getBlockByNumber', toHex(number), false)).hash)
    }
  })

  test('it names what was read, and begins with the oldest header that is needed', async () => {
    const { witness } = await ask(1)
    expect(witness.keys).toContain(SENDER.address.toLowerCase())
    expect(witness.headers.map((header) => keccak256Hex(hexToBytes(header)))).toEqual([
      (await node.answer('eth_getBlockByNumber', '0x0', false)).hash,
    ])
    const { codes } = (await ask(5)).witness
    expect(codes).toContain(`0x${KEEPER_CODE}`)
  })

  test('nothing in it can be left out', async () => {
    const { block, witness } = await ask(5)
    for (const name of ['state', 'codes'] as const)
      for (const left of witness[name].keys()) {
        const rest = witness[name].filter((_, index) => index !== left)
        await expect(replayFile({ block, witness: { ...witness, [name]: rest } })).rejects.toThrow()
      }
  })

  test('a block that says something else is told apart', async () => {
    const { block, witness } = await ask(2)
    const stateRoot = (await node.answer('eth_getBlockByNumber', '0x2', false)).stateRoot as Hex
    const lie = block.replace(
      stateRoot.slice(2),
      stateRoot.slice(2).replace(/^./, (first) => (first === '0' ? '1' : '0')),
    )
    const { hash, expected } = await replayFile({ block: lie, witness })
    expect(hash).not.toBe(expected)
    expect(() => replayFile({ block, witness: { ...witness, headers: [] } })).toThrow()
  })

  test('the answer of based_rollupConfig says the chain', async () => {
    const spec = await node.answer('based_rollupConfig')
    const read = readReplayable(JSON.stringify({ ...(await ask(1)), spec }))
    expect(read).toMatchObject({ type: 'block', input: { spec: node.spec } })
  })
})

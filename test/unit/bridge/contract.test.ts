/**
 * The contract that genesis puts on L2, in an EVM of Shanghai: it and we agree about hashes and slots, and it takes the proofs of
 * tries that neither it nor we have made.
 */
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM, type EVM } from '@ethereumjs/evm'
import { createMerkleProof, MerklePatriciaTrie } from '@ethereumjs/mpt'
import { Account, createAddressFromString } from '@ethereumjs/util'
import { decodeFunctionResult, encodeErrorResult, encodeFunctionData, parseAbi } from 'viem'
import { beforeEach, describe, expect, test } from 'vitest'
import { bridgeAbi } from '../../../src/bridge/abi.ts'
import { findMessage, hashMessage, type Message, slotOfMessage } from '../../../src/bridge/message.ts'
import { checkProof, ProofMismatchError } from '../../../src/bridge/proof.ts'
import { concatBytes } from '../../../src/primitives/bytes.ts'
import { type Address, bytesToHex, type Hash, type Hex, hexToBytes } from '../../../src/primitives/hex.ts'
import { keccak256 } from '../../../src/primitives/keccak.ts'
import { encodeRlp } from '../../../src/primitives/rlp.ts'
import { bridgeAddressOf } from '../../../src/spec/address.ts'
import { readGenesis } from '../../support/contracts/artifacts.ts'

const genesis = readGenesis()
const L2_CHAIN_ID = BigInt(genesis.config.chainId)
const L1_CHAIN_ID = 31_337n
const BRIDGE = bridgeAddressOf(L2_CHAIN_ID)
const STORE: Address = `${BRIDGE.slice(0, -1) as Hex}5`
const ANCHOR: Address = `${BRIDGE.slice(0, -5) as Hex}10001`
const ALICE: Address = '0x00000000000000000000000000000000000a11ce'
const BOB: Address = '0x0000000000000000000000000000000000000b0b'
const checkpointWrites = parseAbi([
  'struct Checkpoint { uint48 blockNumber; bytes32 blockHash; bytes32 stateRoot; }',
  'function saveCheckpoint(Checkpoint checkpoint)',
])
const errors = parseAbi(['error ProofInvalid()'])

let evm: EVM
let counterpart: Address

async function call(from: Address, to: Address, data: Hex, value = 0n) {
  return evm.runCall({
    caller: createAddressFromString(from),
    to: createAddressFromString(to),
    data: hexToBytes(data),
    value,
    gasLimit: 5_000_000n,
  })
}
async function read(functionName: 'counterpart' | 'quotaWei' | 'counterpartChainId' | 'checkpointStore') {
  const { execResult } = await call(ALICE, BRIDGE, encodeFunctionData({ abi: bridgeAbi, functionName }))
  return decodeFunctionResult({ abi: bridgeAbi, functionName, data: bytesToHex(execResult.returnValue) })
}
const balanceOf = async (address: Address) =>
  (await evm.stateManager.getAccount(createAddressFromString(address)))?.balance ?? 0n

beforeEach(async () => {
  const common = new Common({
    chain: { ...Mainnet, chainId: Number(L2_CHAIN_ID) },
    hardfork: Hardfork.Shanghai,
  })
  evm = await createEVM({ common })
  for (const address of [BRIDGE, STORE]) {
    const { balance, code } = genesis.alloc[address]!
    const account = createAddressFromString(address)
    await evm.stateManager.putAccount(account, new Account(0n, BigInt(balance!)))
    await evm.stateManager.putCode(account, hexToBytes(code!))
  }
  await evm.stateManager.putAccount(createAddressFromString(ALICE), new Account(0n, 10n ** 20n))
  counterpart = (await read('counterpart')) as Address
})

describe('sending', () => {
  test('genesis names the L1 chain, the anchored blocks, and more ether than there is', async () => {
    expect(await read('counterpartChainId')).toBe(L1_CHAIN_ID)
    expect(((await read('checkpointStore')) as string).toLowerCase()).toBe(STORE)
    expect(await balanceOf(BRIDGE)).toBe(10n ** 27n)
  })

  test('hash, slot and event are as we compute them', async () => {
    const data = encodeFunctionData({
      abi: bridgeAbi,
      functionName: 'sendMessage',
      args: [BOB, ALICE, 21_000n, '0xc0ffee'],
    })
    const { execResult } = await call(ALICE, BRIDGE, data, 5n)
    expect(execResult.exceptionError).toBeUndefined()
    const logs = execResult.logs!.map(([address, topics, logData]) => ({
      address: bytesToHex(address),
      topics: topics.map(bytesToHex),
      data: bytesToHex(logData),
    }))
    expect(findMessage(logs, counterpart)).toBeUndefined()
    const message = findMessage(logs, BRIDGE)!
    expect(message).toEqual({
      nonce: 0n,
      sourceChainId: L2_CHAIN_ID,
      destinationChainId: L1_CHAIN_ID,
      gasLimit: 21_000n,
      sender: ALICE,
      owner: ALICE,
      to: BOB,
      value: 5n,
      data: '0xc0ffee',
    })
    const messageHash = hashMessage(BRIDGE, message)
    expect(logs[0]!.topics[1]).toBe(messageHash)
    expect(bytesToHex(execResult.returnValue)).toBe(messageHash)
    const slot = hexToBytes(slotOfMessage(messageHash))
    expect(await evm.stateManager.getStorage(createAddressFromString(BRIDGE), slot)).toEqual(Uint8Array.of(1))
  })
})

describe('proofs of tries with many others in them', () => {
  const message = (nonce: number): Message => ({
    nonce: BigInt(nonce),
    sourceChainId: L1_CHAIN_ID,
    destinationChainId: L2_CHAIN_ID,
    gasLimit: 0n,
    sender: ALICE,
    owner: ALICE,
    to: BOB,
    value: 7n,
    data: '0x',
  })

  /** An L1 with `accounts` accounts whose bridge has sent `messages` messages. */
  async function buildL1(accounts: number, messages: number) {
    const storage = new MerklePatriciaTrie({ useKeyHashing: true })
    for (let i = 0; i < messages; i++) {
      const slot = slotOfMessage(hashMessage(counterpart, message(i)))
      await storage.put(hexToBytes(slot), Uint8Array.of(1))
    }
    const state = new MerklePatriciaTrie({ useKeyHashing: true })
    for (let i = 1; i < accounts; i++)
      await state.put(
        keccak256(Uint8Array.of(i >> 8, i & 255)).subarray(0, 20),
        encodeRlp([
          Uint8Array.of(1),
          Uint8Array.of(2),
          keccak256(Uint8Array.of(3)),
          keccak256(Uint8Array.of(4)),
        ]),
      )
    const empty = new Uint8Array(0)
    await state.put(
      hexToBytes(counterpart),
      encodeRlp([Uint8Array.of(1), empty, storage.root(), keccak256(empty)]),
    )
    const stateRoot = bytesToHex(state.root())
    const checkpoint = { blockNumber: 9, blockHash: stateRoot, stateRoot }
    const save = encodeFunctionData({
      abi: checkpointWrites,
      functionName: 'saveCheckpoint',
      args: [checkpoint],
    })
    expect((await call(ANCHOR, STORE, save)).execResult.exceptionError).toBeUndefined()
    return { storage, state, stateRoot }
  }
  async function answerFor(l1: Awaited<ReturnType<typeof buildL1>>, messageHash: Hash) {
    const nodes = async (trie: MerklePatriciaTrie, key: Hex) =>
      (await createMerkleProof(trie, hexToBytes(key))).map(bytesToHex)
    return {
      accountProof: await nodes(l1.state, counterpart),
      storageProof: [{ proof: await nodes(l1.storage, slotOfMessage(messageHash)) }],
    }
  }
  const processing = (of: Message, proof: { accountProof: readonly Hex[]; storageProof: readonly Hex[] }) =>
    encodeFunctionData({
      abi: bridgeAbi,
      functionName: 'processMessage',
      args: [of, { blockNumber: 9, ...proof }],
    })

  test.each([
    [1, 1],
    [2, 2],
    [40, 17],
    [1500, 600],
  ])('of %i accounts and %i messages', async (accounts, messages) => {
    const l1 = await buildL1(accounts, messages)
    for (const nonce of new Set([0, messages - 1])) {
      const messageHash = hashMessage(counterpart, message(nonce))
      const proof = await checkProof(await answerFor(l1, messageHash), {
        stateRoot: l1.stateRoot,
        bridge: counterpart,
        messageHash,
      })
      const before = await balanceOf(BOB)
      const { execResult } = await call(ALICE, BRIDGE, processing(message(nonce), proof))
      expect(execResult.exceptionError).toBeUndefined()
      expect(await balanceOf(BOB)).toBe(before + 7n)
    }
  })

  test('one changed byte anywhere is refused, here and there', async () => {
    const l1 = await buildL1(40, 17)
    const messageHash = hashMessage(counterpart, message(3))
    const answer = await answerFor(l1, messageHash)
    const input = { stateRoot: l1.stateRoot, bridge: counterpart, messageHash }
    const invalid = encodeErrorResult({ abi: errors, errorName: 'ProofInvalid' })
    const change = (nodes: readonly Hex[], at: number): readonly Hex[] =>
      nodes.map((node, i) => {
        const bytes = hexToBytes(node)
        if (i === at % nodes.length) bytes[(at * 37) % bytes.length]! ^= 1 << (at % 8)
        return bytesToHex(bytes)
      })
    for (let at = 0; at < 24; at++) {
      const changed =
        at % 2 === 0
          ? { ...answer, accountProof: change(answer.accountProof, at) }
          : { ...answer, storageProof: [{ proof: change(answer.storageProof[0]!.proof, at) }] }
      await expect(checkProof(changed, input)).rejects.toThrow(ProofMismatchError)
      const proof = { accountProof: changed.accountProof, storageProof: changed.storageProof[0]!.proof }
      const { execResult } = await call(ALICE, BRIDGE, processing(message(3), proof))
      expect(bytesToHex(execResult.returnValue)).toBe(invalid)
    }
    expect(await balanceOf(BOB)).toBe(0n)
  })

  test('a message that was not sent, though the proof of its absence is true', async () => {
    const l1 = await buildL1(40, 17)
    const messageHash = hashMessage(counterpart, message(99))
    const answer = await answerFor(l1, messageHash)
    const input = { stateRoot: l1.stateRoot, bridge: counterpart, messageHash }
    await expect(checkProof(answer, input)).rejects.toThrow(ProofMismatchError)
    const proof = { accountProof: answer.accountProof, storageProof: answer.storageProof[0]!.proof }
    const { execResult } = await call(ALICE, BRIDGE, processing(message(99), proof))
    expect(execResult.exceptionError).toBeDefined()
    expect(await balanceOf(BOB)).toBe(0n)
  })

  test('a slot that is not zero, but not one either', async () => {
    const l1 = await buildL1(4, 0)
    const messageHash = hashMessage(counterpart, message(0))
    await l1.storage.put(hexToBytes(slotOfMessage(messageHash)), encodeRlp(Uint8Array.of(1, 0)))
    const account = encodeRlp([
      Uint8Array.of(1),
      new Uint8Array(0),
      l1.storage.root(),
      keccak256(concatBytes()),
    ])
    await l1.state.put(hexToBytes(counterpart), account)
    const answer = await answerFor(l1, messageHash)
    const input = { stateRoot: bytesToHex(l1.state.root()), bridge: counterpart, messageHash }
    await expect(checkProof(answer, input)).rejects.toThrow('does not say that it was sent')
  })
})

/**
 * PreconfSlasher's own bytecode in an EVM, over what a node knows: which proposals the inbox has, which checkpoints were saved, which L1 slots
 * have a block. The contracts around it are answered for here.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createBlock } from '@ethereumjs/block'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { MerkleStateManager } from '@ethereumjs/statemanager'
import { createAddressFromString } from '@ethereumjs/util'
import {
  type Abi,
  concatHex,
  decodeErrorResult,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  numberToHex,
  parseAbi,
  toFunctionSelector,
} from 'viem'
import {
  type Address,
  bytesToHex,
  type Hash,
  type Hex,
  hexToBytes,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../../src/primitives/hex.ts'
import type { PromiseDomain } from '../../src/promise/domain.ts'
import { findProposal } from './l1/inboxState.ts'
import { DOMAIN, type ListsWorld } from './preconfLists.ts'

const ARTIFACT = join(import.meta.dirname, '../../contracts/artifacts/PreconfSlasher.json')
const { abi, bytecode } = JSON.parse(readFileSync(ARTIFACT, 'utf8')) as {
  readonly abi: Abi
  readonly bytecode: Hex
}

const REGISTRY: Address = `0x${'a1'.repeat(20)}`
const INBOX: Address = `0x${'a2'.repeat(20)}`
const CHECKPOINTS: Address = `0x${'a3'.repeat(20)}`
const BEACON_ROOTS: Address = `0x${'a4'.repeat(20)}`
const DEPLOYER: Address = `0x${'a5'.repeat(20)}`
/** Any: only whether there is one is asked. */
const BEACON_ROOT: Hash = `0x${'be'.repeat(32)}`
const GAS = 100_000_000n
export const SAFETY_PENALTY = 3n
/** Seconds. */
export const EVIDENCE_MIN_AGE = 12n
const EVIDENCE_MAX_AGE = 1_000_000n

export type SlasherView = {
  proposalHash(id: bigint): Promise<Hash | undefined>
  checkpoint(blockNumber: bigint): Promise<{ readonly hash: Hash; readonly stateRoot: Hash } | undefined>
  /** Whether L1 has a block with that timestamp. */
  isTaken(timestamp: bigint): boolean
}

export async function deploySlasher(
  view: SlasherView,
  settings: {
    readonly domain: PromiseDomain
    readonly l2ChainId: bigint
    readonly genesisTime: bigint
    readonly secondsPerSlot: bigint
  },
) {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun })
  const stateManager = new MerkleStateManager({ common })
  const word = (data: Uint8Array, index: number) =>
    BigInt(bytesToHex(data.slice(4 + 32 * index, 36 + 32 * index)))
  const selects = (data: Uint8Array, signature: string) =>
    bytesToHex(data.slice(0, 4)) === toFunctionSelector(signature)
  const words = (values: readonly (bigint | Hex)[]) =>
    concatHex(values.map((value) => (typeof value === 'bigint' ? numberToHex(value, { size: 32 }) : value)))
  const padded = (address: Address): Hex => `0x${address.slice(2).padStart(64, '0')}`
  const answerers: Record<Address, (data: Uint8Array) => Promise<Hex> | Hex> = {
    [REGISTRY]: (data) =>
      selects(data, 'requiredSigningId()')
        ? settings.domain.signingId
        : words([1n, 1n, 1n, EVIDENCE_MAX_AGE * 2n, 1n, settings.domain.domain, settings.domain.l1ChainId]),
    [INBOX]: async (data) =>
      selects(data, 'getProposalHash(uint256)')
        ? ((await view.proposalHash(word(data, 0))) ?? ZERO_HASH)
        : words([0n, 0n, 0n, padded(CHECKPOINTS), ...Array<bigint>(13).fill(0n)]),
    [CHECKPOINTS]: async (data) => {
      const number = word(data, 0)
      const found = await view.checkpoint(number)
      return words([number, found?.hash ?? ZERO_HASH, found?.stateRoot ?? ZERO_HASH])
    },
    [BEACON_ROOTS]: (data) => (view.isTaken(BigInt(bytesToHex(data))) ? BEACON_ROOT : '0x'),
  }
  const evm = await createEVM({
    common,
    stateManager,
    allowUnlimitedContractSize: false,
    customPrecompiles: Object.entries(answerers).map(([address, answer]) => ({
      address: createAddressFromString(address),
      function: async ({ data }) => ({ executionGasUsed: 0n, returnValue: hexToBytes(await answer(data)) }),
    })),
  })
  await stateManager.putCode(createAddressFromString(BEACON_ROOTS), Uint8Array.of(0))
  const call = (from: Address, to: Address | undefined, data: Hex, timestamp: bigint) =>
    evm.runCall({
      caller: createAddressFromString(from),
      ...(to && { to: createAddressFromString(to) }),
      data: hexToBytes(data),
      gasLimit: GAS,
      block: createBlock({ header: { timestamp } }, { common }),
    })
  const deployed = await call(
    DEPLOYER,
    undefined,
    encodeDeployData({
      abi,
      bytecode,
      args: [
        {
          registry: REGISTRY,
          inbox: INBOX,
          beaconRoots: BEACON_ROOTS,
          beaconGenesis: settings.genesisTime,
          secondsPerSlot: settings.secondsPerSlot,
          l2ChainId: settings.l2ChainId,
          safetyPenaltyWei: SAFETY_PENALTY,
          livenessPenaltyWei: 1n,
          requiredBondWei: SAFETY_PENALTY,
          evidenceMinAge: EVIDENCE_MIN_AGE,
          evidenceMaxAge: EVIDENCE_MAX_AGE,
        },
      ],
    }),
    settings.genesisTime,
  )
  if (deployed.execResult.exceptionError !== undefined || deployed.createdAddress === undefined)
    throw new Error(`the slasher cannot be deployed: ${bytesToHex(deployed.execResult.returnValue)}`)
  const address = deployed.createdAddress.toString() as Address
  const asked = await call(DEPLOYER, address, encodeFunctionData({ abi, functionName: 'omissionJudge' }), 1n)
  const judge: Address = `0x${bytesToHex(asked.execResult.returnValue).slice(-40)}`
  return {
    address,
    /** OmissionJudge alone: the sender, where the transaction could be executed; undefined where it says no. */
    async judge(...args: readonly unknown[]): Promise<Address | undefined> {
      const data = encodeFunctionData({
        abi: JUDGE_ABI,
        functionName: 'requireExecutable',
        args: args as never,
      })
      const { execResult } = await call(DEPLOYER, judge, data, 1n)
      if (execResult.exceptionError !== undefined) return undefined
      return `0x${bytesToHex(execResult.returnValue).slice(-40)}`
    },
    /** Throws what the contract says against it. */
    async recordAncestor(headers: readonly Hex[]): Promise<void> {
      const data = encodeFunctionData({ abi, functionName: 'recordAncestor', args: [headers] })
      const { execResult } = await call(DEPLOYER, address, data, 1n)
      if (execResult.exceptionError !== undefined)
        throw new Error(errorName(bytesToHex(execResult.returnValue)) ?? execResult.exceptionError.error)
    },
    /** What the registry would be told, or the contract's word for its refusal. */
    async slash(input: {
      readonly payload: Hex
      readonly committer: Address
      readonly evidence: Hex
      /** Of the L1 block with the transaction, in seconds. */
      readonly timestamp: bigint
    }) {
      const { payload, committer, evidence, timestamp } = input
      const commitment = { commitmentType: 3n, payload, requestHash: ZERO_HASH, slasher: address }
      const args = [NO_DELEGATION, commitment, committer, evidence, DEPLOYER]
      const data = encodeFunctionData({ abi, functionName: 'slash', args })
      const { execResult } = await call(REGISTRY, address, data, timestamp)
      const returned = bytesToHex(execResult.returnValue)
      if (execResult.exceptionError !== undefined)
        return { type: 'refused', reason: errorName(returned) ?? execResult.exceptionError.error } as const
      const [amountWei, harmedUser] = decodeFunctionResult({
        abi,
        functionName: 'slash',
        data: returned,
      }) as [bigint, Address]
      return { type: 'slashed', amountWei, harmedUser: harmedUser.toLowerCase() } as const
    },
  }
}

/** Over what the L1 of a world and its node know. */
export function slasherOf(world: ListsWorld) {
  const { chain, spec } = world.node
  const { genesisTime, secondsPerSlot } = spec.l1
  return deploySlasher(
    {
      // The inbox's own, not what the node put together.
      proposalHash: async (id) => findProposal(world.sim.head().inbox, id)?.hash,
      checkpoint: async (number) => {
        if (number !== chain.heads().executable.number) return undefined
        const found = await chain.headerByNumber(number)
        return found && { hash: found.hash, stateRoot: found.header.stateRoot }
      },
      isTaken: (timestamp) => {
        for (let at = Number(world.sim.head().header.number); at > 0; at--)
          if (world.sim.blockAt(at).header.timestamp === timestamp) return true
        return false
      },
    },
    { domain: DOMAIN, l2ChainId: spec.l2.chainId, genesisTime, secondsPerSlot },
  )
}

const NO_POINT = { x_a: ZERO_HASH, x_b: ZERO_HASH, y_a: ZERO_HASH, y_b: ZERO_HASH }
/** As the registry passes it for an operator's own opt-in. */
const NO_DELEGATION = {
  proposer: NO_POINT,
  delegate: NO_POINT,
  committer: ZERO_ADDRESS,
  slot: 0n,
  metadata: '0x',
}

function errorName(data: Hex): string | undefined {
  try {
    return decodeErrorResult({ abi: [...abi, ...JUDGE_ERRORS], data }).errorName
  } catch {
    return undefined
  }
}

const JUDGE_ABI = parseAbi([
  'struct InclusionList { uint64 l2ChainId; uint48 windowEnd; bytes32 transactionsHash; }',
  'struct L2Block { uint256 number; bytes32 parentHash; bytes32 stateRoot; bytes32 transactionsRoot; uint256 zkGasUsed; uint256 gasLimit; uint256 gasUsed; uint256 baseFee; uint256 proposalId; }',
  'function requireExecutable(InclusionList list, bytes transactions, uint256 index, L2Block last, bytes[] accountProof) view returns (address)',
])

/** Of OmissionJudge, which the slasher asks. */
const JUDGE_ERRORS: Abi = ['CannotExecute', 'MayExceedZkGas', 'InvalidAccount', 'WrongTransactions'].map(
  (name) => ({
    type: 'error',
    name,
    inputs: [],
  }),
)

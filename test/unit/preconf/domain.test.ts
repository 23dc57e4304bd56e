/** Whom promises are made to, on the registry's own bytecode; what the schedule answers is said here. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Common, Hardfork, Mainnet } from '@ethereumjs/common'
import { createEVM } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { type Abi, decodeFunctionData, encodeDeployData, encodeFunctionResult } from 'viem'
import { describe, expect, test } from 'vitest'
import type { ContractCall } from '../../../src/l1/reads.ts'
import { readPromiseDomain } from '../../../src/preconf/domain.ts'
import { TemporaryError } from '../../../src/primitives/errors.ts'
import { type Address, bytesToHex, type Hex, hexToBytes, ZERO_ADDRESS } from '../../../src/primitives/hex.ts'
import { signingDomainOf, signingIdOf } from '../../../src/promise/signingRoot.ts'
import { SCHEDULE_ABI } from '../../../src/schedule/abi.ts'
import { hashOf } from './guard/place.ts'

const ARTIFACT = join(import.meta.dirname, '../../../contracts/artifacts/ProposerRegistry.json')
const registryArtifact = JSON.parse(readFileSync(ARTIFACT, 'utf8')) as { abi: Abi; bytecode: Hex }
const account = (byte: string): Address => `0x${byte.repeat(20)}`
const INBOX = account('a2')
const SCHEDULE = account('c0')
const SLASHER = account('a3')
/** Of the EVM: the registry is made for its own chain. */
const CHAIN_ID = 1n
const DOMAIN = signingDomainOf('0x90000069')

async function deployRegistry() {
  const evm = await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Cancun }) })
  const config = {
    ...{ minCollateralWei: 1n, fraudProofWindow: 1, unregistrationDelay: 10, slashWindow: 9, optInDelay: 1 },
    signingDomain: DOMAIN,
    chainId: `0x${Buffer.from(CHAIN_ID.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex')}`,
  }
  const data = hexToBytes(encodeDeployData({ ...registryArtifact, args: [config] }))
  const { createdAddress, execResult } = await evm.runCall({ data, gasLimit: 30_000_000n })
  if (createdAddress === undefined || execResult.exceptionError !== undefined)
    throw new Error(bytesToHex(execResult.returnValue))
  const address = createdAddress.toString() as Address
  return {
    address,
    call: async (calldata: Hex): Promise<Hex> => {
      const to = createAddressFromString(address)
      const { execResult: ran } = await evm.runCall({ to, data: hexToBytes(calldata), gasLimit: 1_000_000n })
      return bytesToHex(ran.returnValue)
    },
  }
}

const configOf = {
  ...{ proofVerifier: ZERO_ADDRESS, proposerChecker: SCHEDULE, proverWhitelist: ZERO_ADDRESS },
  ...{ signalService: ZERO_ADDRESS, bondToken: ZERO_ADDRESS, minBond: 0n, livenessBond: 0n },
  ...{ withdrawalDelay: 0, provingWindow: 0, permissionlessProvingDelay: 0, maxProofSubmissionDelay: 0 },
  ...{ ringBufferSize: 100, basefeeSharingPctg: 75, forcedInclusionDelay: 1, forcedInclusionFeeInGwei: 1n },
  ...{ forcedInclusionFeeDoubleThreshold: 1n, permissionlessInclusionMultiplier: 5 },
}

type Answers = Readonly<Record<string, unknown>>

/** Contracts that answer these views, and nothing else. */
function readsOf(answers: Answers, registry?: Awaited<ReturnType<typeof deployRegistry>>) {
  const answer = async ({ to, data }: ContractCall): Promise<Hex | null> => {
    if (registry !== undefined && to === registry.address) return registry.call(data)
    const { functionName } = decodeFunctionData({ abi: SCHEDULE_ABI, data })
    const result = to === INBOX && functionName === 'getConfig' ? configOf : answers[functionName]
    if (result === undefined) return null
    return encodeFunctionResult({ abi: SCHEDULE_ABI, functionName, result } as never)
  }
  return { call: (calls: readonly ContractCall[]) => Promise.all(calls.map(answer)) }
}

const specOf = (chainId: bigint) =>
  ({ l1: { chainId, inbox: INBOX } }) as Parameters<typeof readPromiseDomain>[0]['spec']
const lookahead = (registry: Address): Answers => ({
  validatorMap: account('a1'),
  registry,
  slasher: SLASHER,
  fallbackSchedule: account('fa'),
  beaconSettings: {
    ...{
      beaconRoots: ZERO_ADDRESS,
      beaconGenesis: 0,
      secondsPerSlot: 12,
      slotsPerEpoch: 32,
      gloasForkEpoch: 0n,
    },
  },
})

test('where proposers opt in: the slasher of the schedule, and what its registry was made with', async () => {
  const registry = await deployRegistry()
  const reads = readsOf(lookahead(registry.address), registry)
  expect(await readPromiseDomain({ spec: specOf(CHAIN_ID), reads }, hashOf(1))).toEqual({
    l1ChainId: CHAIN_ID,
    domain: DOMAIN,
    signingId: signingIdOf(CHAIN_ID, registry.address),
    slasher: SLASHER,
  })
})

describe('where there is no slasher: the zero address, and a signing id of the inbox', () => {
  test.each([
    ['open', { checkProposer: 0 }],
    ['whitelisted', { getOperatorForNextEpoch: account('0a'), secondsPerEpoch: 384 }],
    ['of a kind that is not known', {}],
  ])('%s', async (_kind, answers) => {
    const reads = readsOf(answers)
    expect(await readPromiseDomain({ spec: specOf(31_337n), reads }, hashOf(1))).toEqual({
      l1ChainId: 31_337n,
      domain: signingDomainOf('0x00000000'),
      signingId: signingIdOf(31_337n, INBOX),
      slasher: ZERO_ADDRESS,
    })
  })

  /** Commit-Boost's constants of these chains. */
  test.each([
    [1n, '0x6d6d6f43f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a9'],
    [11_155_111n, '0x6d6d6f43d3010778cd08ee514b08fe67b6c503b510987a4ce43f42306d97c67c'],
    [17_000n, '0x6d6d6f435b83a23759c560b2d0c64576e1dcfc34ea94c4988f3e0d9f77f05387'],
    [560_048n, '0x6d6d6f43719103511efa4f1362ff2a50996cccf329cc84cb410c5e5c7d351d03'],
  ])('on L1 %d with its own domain', async (chainId, domain) => {
    const reads = readsOf({ checkProposer: 0 })
    expect(await readPromiseDomain({ spec: specOf(chainId), reads }, hashOf(1))).toMatchObject({ domain })
  })
})

test('a registry that does not answer is asked again later', async () => {
  const reads = readsOf(lookahead(account('a4')))
  const silent = {
    call: async (calls: readonly ContractCall[]) =>
      calls.some(({ to }) => to === account('a4')) ? calls.map(() => null) : reads.call(calls),
  }
  await expect(readPromiseDomain({ spec: specOf(CHAIN_ID), reads: silent }, hashOf(1))).rejects.toThrow(
    TemporaryError,
  )
})

/**
 * For whom this chain's promises are signed. Where L1 proposers opt in, their registry and slasher say it; an open or a whitelisted
 * chain has neither, and its promises are statements that no contract reads: slasher zero, and a signing id of the inbox.
 */
import { type Abi, decodeFunctionResult, encodeFunctionData } from 'viem'
import type { L1Reads } from '../l1/reads.ts'
import { TemporaryError } from '../primitives/errors.ts'
import { type Address, type Hash, type Hex, ZERO_ADDRESS } from '../primitives/hex.ts'
import type { PromiseDomain } from '../promise/domain.ts'
import { signingDomainOf, signingIdOf } from '../promise/signingRoot.ts'
import { detectSchedule } from '../schedule/detect.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import { REGISTRY_ABI } from './registryAbi.ts'

/** GENESIS_FORK_VERSION by L1 chain id: mainnet, sepolia, holesky, hoodi (consensus-specs and eth-clients configurations). */
const FORK_VERSIONS: Readonly<Record<string, Hex>> = {
  '1': '0x00000000',
  '11155111': '0x90000069',
  '17000': '0x01017000',
  '560048': '0x10000910',
}
/** Of any other L1: signer and followers must agree without asking anybody. */
const OTHER_FORK_VERSION: Hex = '0x00000000'

/**
 * @param at Hash of the L1 block whose contracts are asked, the head; none of the answers changes over time.
 * TemporaryError while L1 does not answer.
 */
export async function readPromiseDomain(
  deps: { readonly spec: Pick<RollupSpec, 'l1'>; readonly reads: Pick<L1Reads, 'call'> },
  at: Hash,
  signal?: AbortSignal,
): Promise<PromiseDomain> {
  const { chainId, inbox } = deps.spec.l1
  const { source } = await detectSchedule(deps.reads, inbox, at, signal)
  if (source.kind !== 'lookahead')
    return {
      l1ChainId: chainId,
      domain: signingDomainOf(FORK_VERSIONS[chainId.toString()] ?? OTHER_FORK_VERSION),
      signingId: signingIdOf(chainId, inbox),
      slasher: ZERO_ADDRESS,
    }
  const [config, signingId] = await deps.reads.call(
    [callOf(source.registry, 'getConfig'), callOf(source.registry, 'requiredSigningId')],
    at,
    signal,
  )
  return {
    l1ChainId: chainId,
    domain: decode<{ signingDomain: Hash }>('getConfig', config).signingDomain,
    signingId: decode<Hash>('requiredSigningId', signingId),
    slasher: source.slasher,
  }
}

function callOf(to: Address, functionName: string) {
  return { to, data: encodeFunctionData({ abi: REGISTRY_ABI as Abi, functionName }) }
}

/** The registry is known to have it: what is missing, or is something else, is the provider's fault. */
function decode<T>(functionName: string, data: Hex | null | undefined): T {
  try {
    return decodeFunctionResult({ abi: REGISTRY_ABI as Abi, functionName, data: data ?? '0x' }) as T
  } catch (cause) {
    throw new TemporaryError(`L1 gives no answer to ${functionName}() of the registry`, { cause })
  }
}

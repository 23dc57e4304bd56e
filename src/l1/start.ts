/** The first contact: is this the L1 of the spec? An L1 that cannot be reached is waited for. */
import { retryTemporary } from '../primitives/async.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import type { Address, Hash } from '../primitives/hex.ts'
import { keccak256Hex } from '../primitives/keccak.ts'
import type { RollupSpec } from '../spec/rollupSpec.ts'
import type { Logger } from '../telemetry/log.ts'
import { createBeacon } from './beacon.ts'
import type { HttpSource } from './httpSource.ts'
import { assertInbox } from './inboxAssertions.ts'
import type { L1Provider } from './provider.ts'
import type { L1Reader } from './reader.ts'
import { readBytes } from './rpcJson.ts'

const START_DELAY_MS = 500
const START_DELAY_MAX_MS = 12_000

export type StartInput = {
  readonly spec: RollupSpec
  readonly provider: L1Provider
  readonly reader: L1Reader
  readonly beacons: readonly HttpSource[]
  readonly inboxCodeHash?: Hash | undefined
  /** Attempts before giving up with a TemporaryError; undefined: without end. */
  readonly attemptsMax?: number | undefined
  readonly pauseScale?: number | undefined
  readonly log: Logger
  readonly signal?: AbortSignal | undefined
}

/** CriticalError if a chain id, the inbox, what it runs or the beacon genesis is another than the spec says. */
export async function startWhenReachable(input: StartInput): Promise<void> {
  const scale = input.pauseScale ?? 1
  let failure: TemporaryError | undefined
  let attempts = 0
  const attempt = async (): Promise<void> => {
    attempts++
    try {
      await assertNetwork(input)
      failure = undefined
    } catch (error) {
      if (!(error instanceof TemporaryError) || attempts !== input.attemptsMax) throw error
      failure = error
    }
  }
  await retryTemporary(attempt, {
    delayMs: START_DELAY_MS * scale,
    delayMaxMs: START_DELAY_MAX_MS * scale,
    onRetry: ({ message }) =>
      input.log.warn({ error: message, attempts }, 'L1 cannot be reached yet; trying again'),
    ...(input.signal ? { signal: input.signal } : {}),
  })
  if (failure)
    throw new TemporaryError(`${failure.message}; check --l1.rpc and the network`, { cause: failure })
}

async function assertNetwork(input: StartInput): Promise<void> {
  const { spec, signal, provider, beacons, inboxCodeHash } = input
  const { chainId, inbox, genesisTime } = spec.l1
  const chains = await provider.chainIds(signal)
  for (const { name, chainId: theirs } of chains) {
    if (theirs !== undefined && theirs !== chainId)
      throw new CriticalError(
        `L1 provider ${name} is on chain ${theirs}, but ${spec.name} lives on L1 chain ${chainId}; check --l1.rpc`,
      )
  }
  if (chains.every((each) => each.chainId === undefined)) {
    const reasons = provider.status().map(({ name, lastError }) => `${name}: ${lastError ?? 'no answer'}`)
    throw new TemporaryError(`no L1 provider answers: ${reasons.join('; ')}`)
  }
  const codes = await readCodes(provider, inbox, signal)
  if (codes.every(({ length }) => length === 0))
    throw new CriticalError(
      `there is no contract at the inbox address ${inbox} on L1 chain ${chainId}; check the network`,
    )
  const hashes = codes.map((code) => keccak256Hex(code))
  if (inboxCodeHash !== undefined && !hashes.includes(inboxCodeHash))
    throw new CriticalError(
      `the code of the inbox ${inbox} hashes to ${hashes.join(' or ')}, not to ${inboxCodeHash}`,
    )
  await assertInbox(input)
  for (const beacon of beacons) {
    const time = await readGenesisTime(beacon, input.log, signal)
    if (time !== null && time !== genesisTime)
      throw new CriticalError(
        `beacon node ${beacon.name} began at ${time}, but the L1 of ${spec.name} began at ${genesisTime}; check --l1.beacon`,
      )
  }
}

/** Of each provider that answers, since one of them alone may be wrong, or behind. */
async function readCodes(
  provider: L1Provider,
  address: Address,
  signal?: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const answers = await provider.askEach(
    [{ method: 'eth_getCode', params: [address, 'latest'] }],
    ([json]) => (json === null ? null : readBytes(json, 'the code')),
    signal,
  )
  const codes = answers.flatMap(({ answer }) => (answer === null ? [] : [answer]))
  if (codes.length === 0) throw new TemporaryError(`no L1 provider tells the code of ${address}`)
  return codes
}

/** A beacon node that is down at the start is no reason to wait: it is only needed for blobs, and asked again then. */
async function readGenesisTime(
  beacon: HttpSource,
  log: Logger,
  signal?: AbortSignal,
): Promise<bigint | null> {
  try {
    return await createBeacon(beacon).genesisTime(signal)
  } catch (error) {
    signal?.throwIfAborted()
    log.warn({ source: beacon.name, error: String(error) }, 'a beacon node does not answer at the start')
    return null
  }
}

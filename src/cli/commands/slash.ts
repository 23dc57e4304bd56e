/** `plumbline preconf slash` and `plumbline preconf evidence`: what a follower found, brought before the slasher or looked at. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { BaseError, formatEther } from 'viem'
import { parseEvidenceFile } from '../../preconf/evidence/file.ts'
import { slash } from '../../preconf/evidence/slash.ts'
import { createL1Client, createOwner, findContracts } from '../../preconf/operator.ts'
import { CriticalError } from '../../primitives/errors.ts'
import type { Hash } from '../../primitives/hex.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'
import { EVIDENCE_OPTIONS, SLASH_OPTIONS } from '../config/slashOptions.ts'
import { readKeyFile } from '../keyFile.ts'
import { loggerOf, specOf } from '../nodeConfig.ts'

/** Two signed promises are a few kB; of an omission there may be the headers of 4096 blocks, in hex. */
const FILE_BYTES_MAX = 8 * 1024 * 1024

export function slashCommand(): Command {
  return addOptions(
    new Command('slash').description(
      'bring evidence of a broken promise before the slasher, as a node writes it',
    ),
    SLASH_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(SLASH_OPTIONS, flags)
    const evidence = await readEvidence(config.need<string>('evidence'))
    const spec = await specOf(config)
    const [url] = config.need<string[]>('l1.rpc')
    if (url === undefined) throw new CriticalError('--l1.rpc is empty')
    const key = await readKeyFile(config.need<string>('key-file'), 'key-file', loggerOf(config))
    const l1 = createL1Client(url)
    try {
      const operator = config.get<Hash>('operator')
      const slashed = await slash(l1, await findContracts(l1, spec.l1.inbox), {
        challenger: await createOwner(l1, url, key),
        evidence,
        ...(operator !== undefined && { operator }),
      })
      const { takenWei, bondWei, rewardWei, ...rest } = slashed
      const amounts = {
        takenEther: formatEther(takenWei),
        bondEther: formatEther(bondWei),
        rewardEther: formatEther(rewardWei),
      }
      console.log(JSON.stringify({ ...rest, ...amounts }, undefined, 2))
    } catch (error) {
      // viem's whole message names the URL, which may hold a key.
      if (error instanceof BaseError)
        throw new CriticalError(`L1 does not answer as it should: ${error.shortMessage}`)
      throw error
    }
  })
}

export function evidenceCommand(): Command {
  return addOptions(
    new Command('evidence').description('print what a node found against committers (JSON)'),
    EVIDENCE_OPTIONS,
  ).action(async (flags) => {
    const answer = await askNode(loadConfig(EVIDENCE_OPTIONS, flags), 'based_getPreconfEvidence')
    console.log(JSON.stringify(answer, undefined, 2))
  })
}

async function readEvidence(path: string) {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CriticalError(`${path} (--evidence) cannot be read`, { cause })
  })
  if (text.length > FILE_BYTES_MAX) throw new CriticalError(`${path} (--evidence) is too large for evidence`)
  try {
    return parseEvidenceFile(text)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new CriticalError(`${path} (--evidence) is no evidence: ${cause.message}`, { cause })
  }
}

async function askNode(config: Config, method: string): Promise<unknown> {
  const url = config.need<string>('l2.rpc')
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] })
  const headers = { 'content-type': 'application/json' }
  try {
    const response = await fetch(url, { method: 'POST', headers, body })
    const { result, error } = (await response.json()) as {
      readonly result?: unknown
      readonly error?: { readonly message?: unknown }
    }
    if (error === undefined) return result
    throw new CriticalError(`the node refuses ${method}: ${String(error.message).slice(0, 200)}`)
  } catch (error) {
    if (error instanceof CriticalError) throw error
    throw new CriticalError('the node (--l2.rpc) does not answer', { cause: error })
  }
}

/** `plumbline preconf list`: has the node that holds the committer's key sign an inclusion list, by its guard. */
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { z } from 'zod'
import { CriticalError, TemporaryError } from '../../primitives/errors.ts'
import { parseJwtSecret, signEngineJwt } from '../../rpc/engine/jwt.ts'
import { LIST_OPTIONS } from '../config/listOptions.ts'
import { addOptions, type Config, loadConfig } from '../config/load.ts'

/** The node's own schedule and guard may ask L1. */
const TIMEOUT_MS = 30_000

const answerSchema = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
})

export function listCommand(): Command {
  return addOptions(
    new Command('list').description('sign an inclusion list for a window of yours, and publish it (JSON)'),
    LIST_OPTIONS,
  ).action(async (flags) => {
    const config = loadConfig(LIST_OPTIONS, flags)
    console.log(JSON.stringify(await createList(config), null, 2))
  })
}

async function createList(config: Config): Promise<unknown> {
  const path = config.need<string>('jwt-secret')
  const secret = parseJwtSecret(await readSecret(path))
  const slot = config.need<number>('slot')
  const transactions = config.get<string[]>('transactions')
  const params = transactions === undefined ? [slot] : [slot, transactions]
  const response = await ask(config.need<string>('node'), {
    authorization: await signEngineJwt(secret, Math.floor(Date.now() / 1000)),
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'preconf_createInclusionList', params }),
  })
  if (response.status === 401) throw new CriticalError(`the node does not know the secret in ${path}`)
  const answer = answerSchema.safeParse(await response.json().catch(() => undefined))
  if (!answer.success) throw new CriticalError('what answers at --node is no Plumbline node')
  if (answer.data.error !== undefined) throw new CriticalError(answer.data.error.message)
  return answer.data.result
}

async function ask(
  url: string,
  { authorization, body }: { readonly authorization: string; readonly body: string },
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (cause) {
    throw new TemporaryError('no node answers at --node; it needs its authenticated port open', { cause })
  }
}

async function readSecret(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CriticalError(`the secret ${path} cannot be read`, { cause })
  }
}

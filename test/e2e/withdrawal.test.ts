/**
 * The way out. A deposit goes in while the chain is alive; then the one operator who may propose is gone for good, and so is every
 * node. A user with a machine of his own follows L1 from nothing, queues his withdrawal there, proposes it himself once it is
 * overdue, proves it and is paid. One thing is not his to do: the checkpoint rests on the verifier, here on trusted attesters.
 */
import { readFileSync } from 'node:fs'
import { parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_KEY, PROPOSER_KEY } from '../../src/cli/devnet/keys.ts'
import type { Address } from '../../src/primitives/hex.ts'
import { type Cli, createWorkplace, isBuilt, until, type Workplace } from '../support/e2e.ts'
import { type HandDrivenL1, startHandDrivenL1 } from '../support/e2eAnvil.ts'
import { createExit, type Exit, type Key } from '../support/e2eExit.ts'

/** Bounds a hanging test; nothing here is timed. */
const TIMEOUT_MS = 300_000
/** Nobody's yet. */
const HEIR: Address = '0x00000000000000000000000000000000000e1e10'

describe.skipIf(!isBuilt)('withdrawal', () => {
  let place: Workplace
  let l1: HandDrivenL1
  let exit: Exit
  let user: Key

  beforeAll(async () => {
    place = await createWorkplace()
    const operator = privateKeyToAccount(PROPOSER_KEY).address
    l1 = await startHandDrivenL1({ operator, automine: true })
    exit = createExit(place, l1)
    user = await exit.key('user')
  }, TIMEOUT_MS)
  afterAll(async () => {
    await place?.close()
    await l1?.close()
  })

  const stop = async (cli: Cli) => {
    cli.signal('SIGINT')
    expect(await cli.exit(), cli.output()).toEqual({ code: 0, signal: null })
  }
  const done = async (step: Promise<{ code: number | null; output: string }>): Promise<string> => {
    const { code, output } = await step
    expect(code, output).toBe(0)
    return output
  }

  test(
    'a deposit is claimed on L2 by a proof against an anchored L1 block',
    async () => {
      const operator = exit.startProposer('operator', await exit.key('operator', PROPOSER_KEY))
      const l2 = await exit.urlOf(operator)
      const sent = await done(
        exit.bridge('deposit', l2, 'deposit.json', '--key-file', user.file, '--bridge.amount', '5'),
      )
      expect(sent).toMatch(/^L1 block \d+ holds message 0/m)
      expect(await exit.balance(l1.urls.l1, l1.spec.l1.bridge!)).toBe(parseEther('5'))
      expect(await done(exit.bridge('prove', l2, 'deposit.json'))).toMatch(/^proven against L1 block \d+/m)

      // Who has nothing on L2 yet cannot pay for the claim; anyone else can.
      const relayer = await exit.key('relayer', DEMO_KEY)
      const finish = exit.bridge('finish', l2, 'deposit.json', '--key-file', relayer.file)
      expect(await done(finish)).toMatch(/^done: 5 ether to 0x[0-9a-f]{40} on L2$/m)
      expect(await exit.balance(l2, user.address)).toBe(parseEther('5'))
      await stop(operator)
    },
    TIMEOUT_MS,
  )

  test(
    'with every proposer and node gone, a withdrawal is forced, proposed by the user, proven and paid',
    async () => {
      const node = exit.startNode('own')
      const l2 = await exit.urlOf(node)
      await until('the new node at the head of L1', async () => (await exit.balance(l2, user.address)) > 0n)
      const withdraw = () =>
        exit.bridge(
          ...(['withdraw', l2, 'withdrawal.json', '--forced', '--key-file', user.file] as const),
          ...['--bridge.amount', '3', '--bridge.to', HEIR],
        )
      expect(await done(withdraw())).toMatch(/from then on no proposal is accepted without it/)
      const queued = readFileSync(place.path('withdrawal.json'), 'utf8')
      expect(await done(withdraw())).toMatch(/^going on with the withdrawal in /m)
      expect(readFileSync(place.path('withdrawal.json'), 'utf8')).toBe(queued)
      await stop(node)

      // Nobody may propose but the operator, and he is dead, until the queue is overdue.
      const transaction = ['--transaction', place.path('withdrawal.json')]
      const rescue = exit.startProposer('own', user, '--once', ...transaction)
      await rescue.line(/^waiting: (the inbox would revert|slot \d+: it is the turn of)/)
      await l1.mine(25)
      await rescue.line(/^0x[0-9a-f]{64} is in L2 block \d+, by proposal \d+, from the forced inclusion$/)
      expect(await rescue.exit()).toEqual({ code: 0, signal: null })

      const again = exit.startNode('own')
      const own = await exit.urlOf(again)
      const proving = exit.startBridge('prove', own, 'withdrawal.json')
      await proving.line(/waiting until executable, which is \d+, reaches it: .* on this verifier's word/)
      const checkpoint = await exit.attest(own)
      await proving.line(new RegExp(`^proven against L2 block ${checkpoint}: \\d+ account nodes`))
      expect(await proving.exit()).toEqual({ code: 0, signal: null })

      const finish = () => exit.bridge('finish', own, 'withdrawal.json', '--key-file', user.file)
      expect(await exit.balance(l1.urls.l1, HEIR)).toBe(0n)
      expect(await done(finish())).toMatch(/^done: 3 ether to 0x0+e1e10 on L1$/m)
      expect(await exit.balance(l1.urls.l1, HEIR)).toBe(parseEther('3'))
      expect(await exit.balance(l1.urls.l1, l1.spec.l1.bridge!)).toBe(parseEther('2'))
      expect(await done(finish())).toMatch(/^done: 3 ether/m)
      expect(await exit.balance(l1.urls.l1, HEIR)).toBe(parseEther('3'))
      await stop(again)
    },
    TIMEOUT_MS,
  )
})

/** An L1 proposer opts in and leaves by the command line, with validator keys that the commands never see. */
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesToHex } from '../../src/primitives/hex.ts'
import { serializeRollupSpec } from '../../src/spec/specFile.ts'
import { createWorkplace, type Exit, isBuilt, type Workplace } from '../support/e2e.ts'
import { DEV_ACCOUNTS } from '../support/pos/executionGenesis.ts'
import { deployLookaheadRollup } from '../support/pos/lookaheadRollup.ts'
import { signRequests, withSlots } from '../support/pos/operators.ts'
import { L2_GENESIS, posSpec } from '../support/pos/proposers.ts'
import { hasPosL1, type PosL1, posL1Reason, startPosL1 } from '../support/pos/startPosL1.ts'

type Output = { readonly exit: Exit; readonly text: string }
type Json = Readonly<Record<string, unknown>>

const OWNER = DEV_ACCOUNTS[2]!
const COMMITTER = DEV_ACCOUNTS[3]!.address.toLowerCase()
const POSTER = DEV_ACCOUNTS[4]!.address.toLowerCase()

describe.skipIf(!hasPosL1 || !isBuilt)(`plumbline preconf${posL1Reason}`, { timeout: 240_000 }, () => {
  let l1: PosL1
  let place: Workplace
  let root: string

  /** Runs to its end, while L1 goes on. */
  const run = async (...args: string[]): Promise<Output> => {
    const chain = ['--rollup.config', place.path('rollup.json'), '--l1.rpc', l1.executionUrl]
    const cli = place.start(['preconf', ...args, ...chain, '--l1.beacon', l1.beaconUrl])
    const exit = await withSlots(l1, cli.exit())
    return { exit, text: cli.output() }
  }
  const succeed = async (...args: string[]): Promise<readonly Json[]> => {
    const { exit, text } = await run(...args)
    expect([exit.code, text]).toEqual([0, expect.any(String)])
    // Objects are printed over several lines, what is said beside them over one.
    return [...text.matchAll(/^\{$[\s\S]*?^\}$/gm)].map(([json]) => JSON.parse(json) as Json)
  }
  const asOwner = () => ['--owner.key-file', place.path('owner.key')]

  beforeAll(async () => {
    place = await createWorkplace()
    l1 = await startPosL1({ mode: 'manual', chainId: 31_337 })
    await l1.nextSlot(2)
    const { l2 } = posSpec(l1, { inbox: `0x${'00'.repeat(20)}`, startBlock: 0n })
    const rollup = await deployLookaheadRollup(l1, { chainId: l2.chainId, genesisHash: L2_GENESIS().hash })
    writeFileSync(place.path('rollup.json'), serializeRollupSpec(posSpec(l1, rollup)))
    writeFileSync(place.path('owner.key'), bytesToHex(OWNER.getHdKey().privateKey!), { mode: 0o600 })
  }, 240_000)
  afterAll(async () => {
    await place?.close()
    await l1?.close()
  })

  test('prints what validators sign, and registers what they signed', async () => {
    const pubkeys = [7, 8].map((index) => l1.validatorKey(index).publicKey)
    const [asked] = await succeed(
      'request',
      '--owner.address',
      OWNER.address,
      '--validators',
      pubkeys.join(','),
    )
    const requests = asked as unknown as Parameters<typeof signRequests>[1]
    expect(requests.requests.map(({ pubkey }) => pubkey)).toEqual(pubkeys)
    writeFileSync(place.path('signed.json'), JSON.stringify(signRequests(l1, requests)))

    const [registered] = await succeed('register', '--registrations', place.path('signed.json'), ...asOwner())
    expect(registered).toMatchObject({
      operator: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      collateralEther: '3',
    })
    root = String(registered!.operator)
    const [status] = await succeed('status', '--operator', root)
    expect(status).toMatchObject({ owner: OWNER.address.toLowerCase(), keys: 2, isDeleted: false })
    // A second time it is there already.
    const [again] = await succeed('register', '--registrations', place.path('signed.json'), ...asOwner())
    expect(again).not.toHaveProperty('transactionHash')
  })

  test('opts in, claims the validators, and says from when on they count', async () => {
    await l1.nextSlot(5)
    const args = ['--operator', root, '--registrations', place.path('signed.json')]
    const claims = await succeed(
      'opt-in',
      ...args,
      '--committer',
      COMMITTER,
      '--poster',
      POSTER,
      ...asOwner(),
    )
    expect(claims).toMatchObject([
      { validatorIndex: 7, isNew: true },
      { validatorIndex: 8, isNew: true },
    ])
    const epochSeconds = l1.slotsPerEpoch * l1.secondsPerSlot
    expect((Number(claims[0]!.activeSince) - l1.genesisTime) % epochSeconds).toBe(0)
    const [status] = await succeed('status', '--operator', root)
    expect(status).toMatchObject({ optIn: { committer: COMMITTER, isActive: true }, poster: POSTER })
    // Nothing is left to do the second time.
    expect(await succeed('opt-in', ...args, '--committer', COMMITTER, ...asOwner())).toMatchObject([
      { isNew: false },
      { isNew: false },
    ])
  })

  test('refuses with a sentence what the contracts would refuse', async () => {
    const expectRefusal = async (pattern: RegExp, ...args: string[]) => {
      const { exit, text } = await run(...args)
      expect([exit.code, text]).toEqual([1, expect.stringMatching(pattern)])
    }
    const unknown = `0x${'12'.repeat(32)}`
    await expectRefusal(/no operator 0x12/, 'status', '--operator', unknown)
    const other = ['--committer', POSTER, ...asOwner()]
    await expectRefusal(/opt out before naming another/, 'opt-in', '--operator', root, ...other)
    writeFileSync(place.path('other.key'), bytesToHex(DEV_ACCOUNTS[9]!.getHdKey().privateKey!), {
      mode: 0o600,
    })
    const stranger = ['--owner.key-file', place.path('other.key')]
    await expectRefusal(/would fail: NotOperatorOwner/, 'opt-out', '--operator', root, ...stranger)
    writeFileSync(place.path('bad.json'), JSON.stringify({ owner: OWNER.address, registrations: [] }))
    await expectRefusal(/malformed/, 'register', '--registrations', place.path('bad.json'), ...asOwner())
    const unreachable = ['--l1.rpc', 'http://127.0.0.1:1/secret-key']
    const cli = place.start([
      'preconf',
      'status',
      '--operator',
      root,
      '--rollup.config',
      'rollup.json',
      ...unreachable,
    ])
    expect(await cli.exit()).toMatchObject({ code: 1 })
    expect(cli.output()).toMatch(/^plumbline: L1 does not answer as it should: .*$/m)
    expect(cli.output()).not.toContain('secret-key')
    await expectRefusal(/cannot be read/, 'opt-out', '--operator', root, '--owner.key-file', 'nowhere')
  })

  test('opts out, and says how long the bond still answers', async () => {
    await l1.nextSlot(8)
    const [left] = await succeed('opt-out', '--operator', root, ...asOwner())
    expect(left).toMatchObject({ operator: root, transactionHash: expect.any(String) })
    const [status] = await succeed('status', '--operator', root)
    expect(status).toMatchObject({ optIn: { isActive: false } })
    const [again] = await succeed('opt-out', '--operator', root, ...asOwner())
    expect(again).toEqual({ operator: root, bondAnswersUntil: left!.bondAnswersUntil })
  })
})

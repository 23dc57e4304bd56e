#!/usr/bin/env node
/** The command line. Commands live in commands/; what fails here fails with a sentence, not with a stack. */
import { Command } from 'commander'
import { VERSION } from '../node.ts'
import { CriticalError, TemporaryError } from '../primitives/errors.ts'
import { archiveCommand } from './commands/archive.ts'
import { bridgeCommand } from './commands/bridge.ts'
import { configCommand } from './commands/config.ts'
import { dbCommand } from './commands/db.ts'
import { deriveCommand } from './commands/derive.ts'
import { devnetCommand } from './commands/devnet.ts'
import { exportCommand } from './commands/export.ts'
import { keysCommand } from './commands/keys.ts'
import { nodeCommand } from './commands/node.ts'
import { openrpcCommand } from './commands/openrpc.ts'
import { outageCommand } from './commands/outage.ts'
import { preconfCommand } from './commands/preconf.ts'
import { probeCommand } from './commands/probe.ts'
import { proposeCommand } from './commands/propose.ts'
import { reorderCommand } from './commands/reorder.ts'
import { replayCommand } from './commands/replay.ts'
import { reportCommand } from './commands/report.ts'
import { rpcChainCommand } from './commands/rpcChain.ts'
import { sequenceCommand } from './commands/sequence.ts'
import { ConfigError } from './config/resolve.ts'
import { StoppedError } from './shutdown.ts'

const program = new Command('plumbline')
  .description('a based-rollup node: derives an L2 from L1, executes and serves it')
  .version(VERSION)
  .addCommand(devnetCommand())
  .addCommand(nodeCommand())
  .addCommand(proposeCommand())
  .addCommand(sequenceCommand())
  .addCommand(bridgeCommand())
  .addCommand(replayCommand())
  .addCommand(reorderCommand())
  .addCommand(rpcChainCommand())
  .addCommand(deriveCommand())
  .addCommand(archiveCommand())
  .addCommand(exportCommand())
  .addCommand(reportCommand())
  .addCommand(probeCommand())
  .addCommand(outageCommand())
  .addCommand(preconfCommand())
  .addCommand(keysCommand())
  .addCommand(dbCommand())
  .addCommand(configCommand())
  .addCommand(openrpcCommand())

try {
  await program.parseAsync()
} catch (error) {
  if (!(error instanceof StoppedError)) {
    console.error(isExpected(error) ? `plumbline: ${error.message}` : error)
    process.exitCode = 1
  }
}

/** Its message is a sentence for the operator. */
function isExpected(error: unknown): error is Error {
  return [CriticalError, TemporaryError, ConfigError, RangeError].some((type) => error instanceof type)
}

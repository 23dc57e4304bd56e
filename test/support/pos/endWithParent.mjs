/**
 * Ends this process when the one that started it ends, or closes its end of our standard input.
 * Loaded with `--import` before the execution client and the consensus client; takes the scratch directory with it.
 */
import { rmSync } from 'node:fs'

process.stdin.once('end', () => process.exit(0))
process.stdin.once('error', () => process.exit(0))
process.stdin.resume()

const { SCRATCH_DIRECTORY } = process.env
if (SCRATCH_DIRECTORY) process.once('exit', () => rmSync(SCRATCH_DIRECTORY, { recursive: true, force: true }))

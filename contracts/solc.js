#!/usr/bin/env node
// npm's solc behind the two switches forge uses of the native compiler: --version, and --standard-json on stdin.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import solc from 'solc'

/** forge leaves out what a library outside its root imports relatively; paths are relative to this folder. */
function readImport(path) {
  try {
    return { contents: readFileSync(join(import.meta.dirname, path), 'utf8') }
  } catch (error) {
    return { error: error.message }
  }
}

if (process.argv.includes('--version')) {
  // forge parses the native build's platform suffix.
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++')
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`)
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8'), { import: readImport }))
} else {
  console.error('solc.js: expected --version or --standard-json')
  process.exitCode = 1
}

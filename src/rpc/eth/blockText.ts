/** JSON of sealed blocks, remembered: many ask for the same newest ones, and writing one with all it has takes milliseconds. */
import { LRUCache } from 'lru-cache'
import type { StoredBlock } from '../../chain/chain.ts'
import { blockJson } from '../json.ts'
import { JsonText } from '../jsonText.ts'

/** Characters of JSON. */
const REMEMBERED_MAX = 32 * 1024 * 1024

export type BlockText = (block: StoredBlock, isFull: boolean) => JsonText

export function createBlockText(): BlockText {
  const remembered = new LRUCache<string, JsonText>({
    maxSize: REMEMBERED_MAX,
    sizeCalculation: ({ text }) => text.length,
  })
  return (block, isFull) => {
    const key = `${block.hash} ${isFull}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    const text = new JsonText(JSON.stringify(blockJson(block, isFull)))
    remembered.set(key, text)
    return text
  }
}

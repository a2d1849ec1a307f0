import assert from 'node:assert/strict'
import { it } from 'node:test'
import { entryUrl } from '../../src/runtime/index.ts'

it('names an entry beside the module that asks, with the extension of that module', () => {
  assert.equal(entryUrl('file:///a/src/runtime/x.ts', 'onnx-thread').href, 'file:///a/src/runtime/onnx-thread.ts')
  assert.equal(entryUrl('file:///a/b.c/dist/x.js', 'onnx-thread').href, 'file:///a/b.c/dist/onnx-thread.js')
})

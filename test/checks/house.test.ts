import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { objection, violations } from '../../scripts/checks/house.ts'

const allowed: [file: string, target: string][] = [
  ['src/codes/nercc.ts', 'src/codes/spline.ts'],
  ['src/codes/decoders/guard.ts', 'src/codes/spline.ts'],
  ['src/codes/decoders/guard.ts', 'src/tensor/index.ts'],
  ['src/runtime/onnx.ts', 'src/models/index.ts'],
  ['src/simulation/fleet.ts', 'src/inference/index.ts'],
  ['protocols/infer/infer.ts', 'src/inference/index.ts'],
  ['nodes/cli/serve.ts', 'nodes/peer.ts'],
  ['nodes/peer.ts', 'protocols/infer/index.ts'],
  ['scripts/bench/selection-real.ts', 'nodes/chaos/index.ts'],
  ['scripts/demo/main.ts', 'nodes/index.ts'],
  ['scripts/demo/main.ts', 'scripts/bench/table.ts']
]

const forbidden: [file: string, target: string, why: RegExp][] = [
  ['src/tensor/tensor.ts', 'src/codes/index.ts', /src\/tensor must not import src\/codes/],
  ['src/codes/nercc.ts', 'src/fleet/index.ts', /src\/codes must not import src\/fleet/],
  ['src/fleet/latency.ts', 'src/tensor/index.ts', /src\/fleet must not import src\/tensor/],
  ['src/models/model.ts', 'src/runtime/index.ts', /must not import/],
  ['src/runtime/onnx.ts', 'src/codes/index.ts', /must not import/],
  ['src/inference/master.ts', 'src/runtime/index.ts', /must not import/],
  ['src/inference/master.ts', 'src/simulation/index.ts', /must not import/],
  ['src/inference/master.ts', 'protocols/infer/index.ts', /src\/inference must not import protocols\/infer/],
  ['protocols/infer/infer.ts', 'protocols/model/index.ts', /protocols\/infer must not import protocols\/model/],
  ['protocols/infer/infer.ts', 'nodes/index.ts', /protocols\/infer must not import nodes/],
  ['nodes/peer.ts', 'scripts/demo/main.ts', /nodes must not import scripts/],
  ['src/codes/nercc.ts', 'src/tensor/tensor.ts', /enter src\/tensor through its index\.ts/],
  ['nodes/peer.ts', 'protocols/infer/frames.ts', /enter protocols\/infer through its index\.ts/],
  ['scripts/demo/main.ts', 'nodes/peer.ts', /enter nodes through its index\.ts/],
  ['src/helpers/array.ts', 'src/tensor/index.ts', /src\/helpers\/array\.ts is in no folder of the house/],
  ['src/codes/nercc.ts', 'test/codes/golden.ts', /test\/codes\/golden\.ts is in no folder of the house/],
  ['nodes/cli/main.ts', 'package.json', /package\.json is in no folder of the house/]
]

describe('the import rule', () => {
  for (const [file, target] of allowed) {
    it(`lets ${file} import ${target}`, () => {
      assert.equal(objection(file, target), undefined)
    })
  }

  for (const [file, target, why] of forbidden) {
    it(`stops ${file} from importing ${target}`, () => {
      assert.match(objection(file, target) ?? '(no objection)', why)
    })
  }

  const spellings = {
    'an import': "import { sum } from '../fleet/index.ts'",
    'a type import': "import type { Sum } from '../fleet/index.ts'",
    'a side-effect import': "import '../fleet/index.ts'",
    'a re-export': "export { sum } from '../fleet/index.ts'",
    'a re-export of everything': "export * from '../fleet/index.ts'",
    'a dynamic import': "export const fleet = await import('../fleet/index.ts')",
    'an inline type import': "export type Sum = import('../fleet/index.ts').Sum",
    'a detour': "import { sum } from '../../src/codes/../fleet/index.ts'",
    'a computed import': "export const load = (name: string) => import('../' + name)"
  }
  for (const [name, code] of Object.entries(spellings)) {
    it(`sees ${name}, and says where it is`, () => {
      const said = violations('src/codes/nercc.ts', `// first line\n${code}\n`)
      assert.equal(said.length, 1, `wanted one violation in: ${code}`)
      assert.match(said[0] ?? '', /^src\/codes\/nercc\.ts:2: /)
    })
  }

  it('has no opinion on packages, comments and strings', () => {
    const code =
      "import { crc32 } from 'node:zlib'\n// import '../fleet/index.ts'\nexport const text = \"import '../fleet/x.ts'\"\n"
    assert.deepEqual(violations('src/codes/nercc.ts', code), [])
  })
})

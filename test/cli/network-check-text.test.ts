import { expect, test } from 'vitest'
import { type NetworkFindings, networkAsData, networkText } from '../../src/cli/actions/network-check-text.ts'
import { createPaint } from '../../src/report/index.ts'
import { specOf } from '../playbooks/given.ts'
import { checkPodsGiven, resultsGiven, vxlan } from '../resources/network-check-given.ts'

const spec = specOf()
const paint = createPaint(false)
const nodes = ['cp1', 'w1', 'w2']
const said = 'Unable to connect to the server: dial tcp 10.244.2.5:18400: i/o timeout'

function findings(broken: readonly string[], more: Partial<NetworkFindings> = {}): NetworkFindings {
  const results = nodes.map(from => {
    const peers = nodes.filter(to => to !== from)
    const pairs = peers.map(to =>
      broken.includes(`${from} ${to}`) ? `${to}\tsilent\tyes\t${said}` : `${to}\treached\t\t`,
    )
    return resultsGiven(from, pairs)
  })
  return { results, failed: new Map(), pods: checkPodsGiven, path: vxlan, ms: 4200, ...more }
}

test('one line says that all is well', () => {
  expect(networkText(findings([]), spec, paint)).toBe(
    'edge-seoul: pods reach each other, DNS and Services (6 directions between 3 nodes, 4.2 s).',
  )
})

test('a table shows what fails, and after it comes what to do', async () => {
  const text = networkText(findings(['w1 w2', 'w2 w1']), spec, paint)
  await expect(`${text}\n`).toMatchFileSnapshot('../goldens/cli/network-check.txt')
  expect(text).not.toMatch(/^cp1 /m)
})

test('a host that could not be asked is named apart from what fails', () => {
  const failed = new Map([['w9', { problem: 'No route to host.' }]])
  expect(networkText(findings([], { failed }), spec, paint)).toMatch(/pods reach each other[\s\S]*✘ w9 was not asked/)
})

test('programs get all pairs with what was said of them', () => {
  expect(networkAsData(findings(['w1 w2']), spec)).toMatchObject({
    type: 'network:check',
    cluster: 'edge-seoul',
    ok: false,
    pairs: expect.arrayContaining([{ from: 'w1', to: 'w2', state: 'silent', said, hostsReach: true }]),
    unreachable: [],
  })
})

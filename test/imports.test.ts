import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Each area and the areas it may import besides itself: the one direction of docs/architecture.md. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/shell': ['src/core'],
  'src/etcd': [],
  'src/catalog': ['src/core'],
  'src/config': ['src/core', 'src/catalog', 'src/etcd'],
  'src/releases': ['src/core', 'src/shell', 'src/catalog', 'src/config'],
  'src/facts': ['src/core', 'src/shell'],
  'src/resources': ['src/core', 'src/shell', 'src/etcd', 'src/facts'],
  'src/cluster': ['src/core', 'src/facts', 'src/catalog', 'src/config', 'src/resources'],
  'src/ssh': ['src/core', 'src/shell'],
  'src/engine': ['src/core'],
  'src/report': ['src/core', 'src/engine'],
  'src/local': ['src/core'],
  'src/contracts': ['src/core', 'src/resources'],
  'src/index.ts': [
    'src/core',
    'src/shell',
    'src/etcd',
    'src/facts',
    'src/catalog',
    'src/config',
    'src/resources',
    'src/contracts',
    'src/cluster',
  ],
  'src/preflight': ['src/index.ts'],
  roles: ['src/index.ts'],
  distributions: ['src/index.ts', 'roles'],
  playbooks: ['src/index.ts', 'roles', 'distributions'],
  'src/cli': [
    'src/core',
    'src/shell',
    'src/etcd',
    'src/catalog',
    'src/config',
    'src/releases',
    'src/cluster',
    'src/resources',
    'src/facts',
    'src/ssh',
    'src/engine',
    'src/report',
    'src/local',
    'src/index.ts',
    'src/preflight',
    'playbooks',
    'distributions',
  ],
}

const importPattern = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
}

function areaOf(path: string): string | undefined {
  return Object.keys(allowed)
    .filter(area => path === area || path.startsWith(`${area}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(importPattern)].map(match => relative(root, resolve(root, dirname(path), match[1]!)))
}

const files = ['src', 'roles', 'distributions', 'playbooks'].flatMap(sources)

test('every source file belongs to an area', () => {
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter(path => areaOf(path) === undefined)).toEqual([])
})

test('the table of docs/architecture.md has the same directions', () => {
  const rows = readFileSync(join(root, 'docs/architecture.md'), 'utf8').matchAll(/^\| `([^`]+)` \| .* \| ([^|]+) \|$/gm)
  const named = (cell: string) =>
    cell === 'nothing of ours'
      ? []
      : cell
          .split(', ')
          .map(name =>
            ['roles', 'distributions'].includes(name) || name.startsWith('`')
              ? name.replaceAll('`', '')
              : `src/${name}`,
          )
  const table = [...rows].map(([, area = '', cell = '']) => [
    area,
    // In words, since they import nearly everything.
    ['src/index.ts', 'src/cli'].includes(area) ? allowed[area] : named(cell),
  ])
  expect(Object.fromEntries(table)).toEqual(allowed)
})

test('imports point one way', () => {
  const wrong = files.flatMap(path => {
    const area = areaOf(path)!
    return importsOf(path)
      .filter(target => {
        const other = areaOf(target)
        return other === undefined || (other !== area && !allowed[area]!.includes(other))
      })
      .map(target => `${path} imports ${target}`)
  })
  expect(wrong).toEqual([])
})

test('no files import each other in a circle', () => {
  const direct = new Map(files.map(path => [path, importsOf(path)]))
  const open: string[] = []
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string): void => {
    if (done.has(path)) return
    const at = open.indexOf(path)
    if (at >= 0) {
      circles.push([...open.slice(at), path].join(' imports '))
      return
    }
    open.push(path)
    for (const target of direct.get(path) ?? []) visit(target)
    open.pop()
    done.add(path)
  }
  for (const path of files) visit(path)
  expect(circles).toEqual([])
})

/** The groups of src/resources, each after those that it may import. */
const groups = [
  'support',
  'files',
  'pod-network',
  'systemd',
  'system',
  'packages',
  'artifacts',
  'firewall',
  'pki',
  'api',
  'drain',
  'kubelet',
  'runtime',
  'etcd',
  'kubeadm',
  'ca-rotation',
  'dns',
  'network-check',
]

const groupOf = (path: string) => /^src\/resources\/([^/]+)\//.exec(path)?.[1]

test('a group of resources imports only those before it', () => {
  expect(readdirSync(join(root, 'src/resources')).sort()).toEqual([...groups].sort())
  const wrong = files.flatMap(path => {
    const place = groups.indexOf(groupOf(path) ?? '')
    return importsOf(path)
      .filter(target => place >= 0 && groups.indexOf(groupOf(target) ?? '') > place)
      .map(target => `${path} imports ${target}`)
  })
  expect(wrong).toEqual([])
})

test('a group of resources is entered through its door', () => {
  const wrong = files.flatMap(path =>
    importsOf(path)
      .filter(target => groupOf(target) !== undefined && groupOf(target) !== groupOf(path))
      .filter(target => !target.endsWith('/index.ts'))
      .map(target => `${path} imports ${target}`),
  )
  expect(wrong).toEqual([])
})

test('a role never imports another role', () => {
  const roleOf = (path: string) => path.split('/')[1]
  const wrong = files
    .filter(path => path.startsWith('roles/'))
    .flatMap(path =>
      importsOf(path)
        .filter(target => target.startsWith('roles/') && roleOf(target) !== roleOf(path))
        .map(target => `${path} imports ${target}`),
    )
  expect(wrong).toEqual([])
})

test('secrets are revealed in one file only', () => {
  const revealing = files.filter(
    path => path !== 'src/core/secret.ts' && /\.reveal\(\)/.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(revealing).toEqual(['src/shell/script.ts'])
})

test('a text that may have a Secret in it is cut in one place only, which masks it before', () => {
  const cutting = /\.slice\((?:0, |-)(?:\d \* )?(?:\d{3,}|\w*[lL]ongest\w*|\w+Length|mostHeard)\)/
  // Of these the one is parsed, the other shown only by way of what cuts it once more; of hosts of our own there are no Secrets.
  const parsing = ['src/cli/status/health-answer.ts', 'src/ssh/root-channel.ts']
  const wrong = files.filter(
    path =>
      !/^src\/(local|config)\//.test(path) &&
      !parsing.includes(path) &&
      cutting.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(wrong.filter(path => path !== 'src/resources/api/helm-release.ts')).toEqual([])
})

test('text reaches the terminal through one door, and as it is only where that is wanted', () => {
  const using = (pattern: RegExp) => files.filter(path => pattern.test(readFileSync(join(root, path), 'utf8')))
  expect(using(/\bconsole\.|process\.std(out|err)\.write\b|this\.(log|warn|logJson|logToStderr)\(/)).toEqual([
    'src/cli/terminal/streams.ts',
  ])
  expect(using(/\bpass(Out|Error)\b/).sort()).toEqual([
    'src/cli/actions/kubeconfig.ts',
    'src/cli/main.ts',
    'src/cli/run/cluster-run.ts',
    'src/cli/terminal/exec-output.ts',
    'src/cli/terminal/streams.ts',
  ])
})

test('whoever is told to take a node out is told to reset it first, or to take its member out of etcd', () => {
  // kubeadm reset of a node that is deleted finds its member no more.
  const wrong = /delete node(?:(?!member remove|\n\n)[\s\S]){1,400}?kubeadm reset/
  expect(files.filter(path => wrong.test(readFileSync(join(root, path), 'utf8')))).toEqual([])
})

test('the engine does not know what it makes of hosts', () => {
  const wrong = files
    .filter(path => path.startsWith('src/engine/') || path === 'src/core/facts.ts')
    .filter(path => /kube|etcd|calico|cilium|flannel/i.test(readFileSync(join(root, path), 'utf8')))
  expect(wrong).toEqual([])
})

/** The roles that only kubeadm's distribution declares. */
const rolesOfKubeadm = [
  'ca-rotation',
  'control-plane',
  'control-plane-join',
  'kubelet',
  'kubernetes-binaries',
  'node-runtime',
  'worker',
]
const ofKubeadm = [
  'distributions/kubeadm',
  'src/resources/ca-rotation',
  'src/resources/kubeadm',
  ...rolesOfKubeadm.map(name => `roles/${name}`),
]
const isKubeadms = (path: string) => ofKubeadm.some(folder => path.startsWith(`${folder}/`))

test('where kubeadm keeps its files is known to what is its own, and others are told by the distribution', () => {
  // The keys of kubeadm's own documents in cluster.yaml, whose values evcctl does not let anybody change.
  const named = ['src/config/checks/owned-keys.ts']
  const wrong = files.filter(
    path => !isKubeadms(path) && /\/etc\/kubernetes/.test(readFileSync(join(root, path), 'utf8')),
  )
  expect(wrong).toEqual(named)
})

test('what kubeadm needs is imported by what is its own', () => {
  const named = ['src/index.ts', 'src/contracts/control-plane-node.ts']
  const wrong = files.filter(path => !isKubeadms(path) && importsOf(path).some(isKubeadms))
  // One file chooses the distribution.
  expect(wrong).toEqual([...named, 'distributions/index.ts'])
  const text = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll(/^ *(\/\/|\/?\*).*$/gm, '')
  // The catalog has its versions, as data.
  const using = files.filter(path => /\bkubeadm[A-Z]/.test(text(path)) && !path.startsWith('src/catalog/'))
  expect(using.filter(path => !isKubeadms(path))).toEqual([])
})

import type { Graph, Step, Task } from '../../src/index.ts'
import { bareState } from './bare-host.ts'

// Downloads and the start of units have goldens of their own: of them only what is told here is special.
const shown: Readonly<Record<string, (task: Task) => readonly string[]>> = {
  artifact: task => scripts(task).flatMap(script => script.match(/^(put|tar|find) .*$/gm) ?? []),
  packages: task => scripts(task).flatMap(script => script.match(/^(set --|for unit in) .*$/gm) ?? []),
  unit: task => scripts(task).flatMap(script => script.match(/^.*(systemctl [a-z]|stat ).*$/gm) ?? []),
  file: fileLines,
  registries: fileLines,
  images: task =>
    scripts(task).flatMap(script => script.slice(script.indexOf('umask 077\nmkdir -p /var/lib')).split('\n')),
}

/** All that a role does on a host that has nothing yet: tasks, what they wait for, files and commands. */
export function describeRuntime(graph: Graph, host: string, role: string): string {
  const blocks = [...graph.tasks.values()]
    .filter(task => task.host === host && ([role, 'images'].includes(task.role) || task.resource.kind === 'packages'))
    .map(task => {
      const waits = graph.edges
        .filter(({ to, from }) => to === task.id && graph.tasks.get(from)!.role !== 'os')
        .map(({ from, watch }) => `  ${watch ? '~' : '·'} ${from.slice(host.length + 1)}`)
      const lines = shown[task.resource.kind]?.(task) ?? []
      return [
        `# ${task.id.slice(host.length + 1)}`,
        ...waits.sort(),
        ...lines.map(line => `    ${line}`.trimEnd()),
      ].join('\n')
    })
  return `${blocks.join('\n\n')}\n`
}

function stepsOf({ resource }: Task): readonly Step[] {
  return resource.converge(bareState(resource), resource.desired)
}

function scripts(task: Task): readonly string[] {
  return stepsOf(task).flatMap(step => ('run' in step ? [step.run] : []))
}

function fileLines(task: Task): readonly string[] {
  return stepsOf(task).flatMap(step => {
    if (!('write' in step)) return []
    const lines = String(step.content).trimEnd().split('\n')
    return [`write ${step.write} ${step.mode.toString(8)}`, ...lines.map(line => `| ${line}`)]
  })
}

import { closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { beginsSavedPlan, savedPlanBeginning } from '../../config/index.ts'
import { beginningOf } from '../../core/cut.ts'
import { digestOf, exitCodes, UserError } from '../../core/index.ts'
import { localFileBytes } from '../../core/limits.ts'
import { LocalFileError, readLocalFile } from '../../core/local-file.ts'
import { writeBeside } from '../../ssh/private-file.ts'
import { word } from '../../ssh/word.ts'
import { apiVersion, kind, type SavedPlan } from './saved-plan.ts'

const texts = z.record(z.string(), z.string())
const field = z.strictObject({
  field: z.string(),
  before: z.string().optional(),
  after: z.string().optional(),
  knownAfter: z.string().optional(),
})
const change = z.strictObject({
  action: z.enum(['create', 'update', 'delete', 'restart', 'run']),
  certain: z.boolean(),
  note: z.string().optional(),
  fields: z.array(field),
  because: z.array(z.string()),
  waitingOn: z.array(z.string()),
})
const task = z.strictObject({
  is: z.enum(['in desired state', 'change', 'known after apply', 'unreadable', 'refused']),
  title: z.string(),
  change: change.optional(),
  state: texts,
  wanted: texts,
})
const savedPlan = z.strictObject({
  apiVersion: z.literal(apiVersion),
  kind: z.literal(kind),
  version: z.string(),
  madeAt: z.iso.datetime(),
  cluster: z.string(),
  file: z.string(),
  operation: z.strictObject({ name: z.string(), options: texts }),
  files: texts,
  keys: texts,
  catalog: texts,
  hosts: texts,
  upgrade: z.array(z.string()).optional(),
  order: z.string(),
  tasks: z.record(z.string(), task),
})

/** How much of a value is shown in an error, characters. */
const longestShown = 200

/** Whether a file is a saved plan, by its beginning. False for everything that is not a regular file, such as a pipe. */
export function isSavedPlan(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const begin = Buffer.alloc(savedPlanBeginning)
      return beginsSavedPlan(begin.toString('utf8', 0, readSync(file, begin)))
    } finally {
      closeSync(file)
    }
  } catch {
    // Whoever reads the file as what it is says what is wrong with it.
    return false
  }
}

/** Throws UserError if a plan cannot be saved there: no folder, or something else in its place. It writes nothing. */
export function checkPlanPlace(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !isSavedPlan(path)) {
    throw badPlan(path, 'There is something else in its place, and it was not touched.', {
      expected: 'a saved plan that is replaced, or no file',
      next: 'Name another path: --out lab.plan',
    })
  }
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory())
    throw badPlan(path, 'Its folder is not there.', { next: `mkdir -p ${word(dirname(path))}` })
}

/** Writes a plan as a whole, with mode 0600: nobody ever reads half of it. */
export async function writePlan(path: string, plan: SavedPlan): Promise<void> {
  const { apiVersion, kind, ...rest } = plan
  const text = JSON.stringify({ apiVersion, kind, digest: digestOf(plan), ...rest }, null, 1)
  await writeBeside(path, `${text}\n`, temporary => rename(temporary, path))
}

/** Reads a saved plan. Throws UserError if it is cut off, edited, too large, or made by another version of evcctl than `version`. */
export function readPlan(path: string, version: string): SavedPlan {
  const document = parsed(path, againText('cluster.yaml', path))
  const made = shownText(document.version)
  const next = againText(shownText(document.file), path)
  if (made !== version) {
    throw badPlan(path, 'This plan is from another version of evcctl, which may compare in another way.', {
      expected: `evcctl ${version}, which this is`,
      actual: `evcctl ${made}`,
      next,
    })
  }
  const { digest, ...rest } = document
  const checked = savedPlan.safeParse(rest)
  if (!checked.success) {
    const [issue] = checked.error.issues
    const at =
      issue === undefined || issue.path.length === 0 ? '' : ` at ${beginningOf(issue.path.join('.'), longestShown)}`
    throw badPlan(path, `This saved plan is damaged${at}.`, { next })
  }
  const plan = checked.data as SavedPlan
  if (digestOf(plan) !== digest) {
    throw badPlan(path, 'This saved plan was edited. A plan is done as it was made, or not at all.', {
      expected: `the digest ${digestOf(plan)}, which is that of its content`,
      actual: shownText(digest),
      next,
    })
  }
  return plan
}

function parsed(path: string, next: string): Readonly<Record<string, unknown>> {
  let text: string
  try {
    text = readLocalFile(path, localFileBytes.savedPlan).toString()
  } catch (cause) {
    if (cause instanceof LocalFileError) throw badPlan(path, `${cause.message}.`, { next })
    throw cause
  }
  try {
    return JSON.parse(text)
  } catch {
    throw badPlan(path, 'This saved plan is damaged: it does not end as it should, or is no JSON.', { next })
  }
}

// The file may have been written by anybody, so only a bounded part of it is shown.
function shownText(value: unknown): string {
  return typeof value === 'string' ? beginningOf(value, longestShown) : 'unknown'
}

function againText(file: string, plan: string): string {
  return `Make it again: evcctl plan ${word(file)} --out ${word(plan)}`
}

function badPlan(
  where: string,
  problem: string,
  more: { readonly expected?: string; readonly actual?: string; readonly next?: string },
): UserError {
  return new UserError({ where, problem, ...more }, { exitCode: exitCodes.badInput })
}

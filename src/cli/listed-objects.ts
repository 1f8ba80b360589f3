import { z } from 'zod'
import { isObjectName } from '../resources/handed-on.ts'

// People are told to copy names into commands.
const name = z.string().refine(isObjectName)

const condition = z.object({
  type: z.string(),
  status: z.string(),
  message: z.string().optional(),
  reason: z.string().optional(),
})

/** A Node as `kubectl get -o json` prints it, as far as it is used here. */
const node = z.object({
  metadata: z.object({ name, labels: z.record(z.string(), z.string()).optional() }),
  spec: z.object({ unschedulable: z.boolean().optional() }).optional(),
  status: z
    .object({
      conditions: z.array(condition).optional(),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
      nodeInfo: z
        .object({
          kubeletVersion: z.string().optional(),
          containerRuntimeVersion: z.string().optional(),
          osImage: z.string().optional(),
          architecture: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
})

/** A Pod likewise. */
const pod = z.object({
  metadata: z.object({ name, deletionTimestamp: z.string().optional() }),
  spec: z.object({ nodeName: name.optional() }).optional(),
  status: z
    .object({
      phase: z.string().optional(),
      message: z.string().optional(),
      conditions: z.array(condition).optional(),
      containerStatuses: z
        .array(
          z.object({
            restartCount: z.number().optional(),
            state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
})

export type NodeObject = z.output<typeof node>
export type PodObject = z.output<typeof pod>

/** Reads a list of nodes; undefined for what is none: it comes from a host. */
export function nodesIn(text: string): readonly NodeObject[] | undefined {
  return itemsOf(text, node)
}

/** Reads a list of pods likewise. */
export function podsIn(text: string): readonly PodObject[] | undefined {
  return itemsOf(text, pod)
}

/** The version of an API server without `v`; empty for what is no answer to /version. */
export function versionIn(text: string): string {
  const { data } = z.object({ gitVersion: z.string() }).safeParse(jsonIn(text))
  return (data?.gitVersion ?? '').replace(/^v/, '')
}

function itemsOf<T>(text: string, item: z.ZodType<T>): readonly T[] | undefined {
  return z.object({ items: z.array(item) }).safeParse(jsonIn(text)).data?.items
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

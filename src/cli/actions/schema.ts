import { clusterJsonSchema } from '../../config/index.ts'
import { type ExitCode, exitCodes } from '../../core/index.ts'
import { printLine } from '../terminal/streams.ts'

/** `evcctl schema`: prints the JSON Schema of cluster.yaml, whatever the output format. */
export async function printSchema(): Promise<ExitCode> {
  printLine(JSON.stringify(clusterJsonSchema(), null, 2))
  return exitCodes.ok
}

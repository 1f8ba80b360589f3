import { endGroupFunction } from './end-group.ts'
import { proxiesFunction } from './environment.ts'
import { findFunctions } from './find-functions.ts'
import { guardFunctions } from './guard-functions.ts'
import { leftOverFunctions } from './left-over-functions.ts'
import { stepFunctions } from './step-functions.ts'
import { watchFunctions } from './watch-functions.ts'

/*
 * The sh functions that carry a request on the host. Plain POSIX (dash, bash, busybox ash) without here-documents:
 * bash makes temporary files for those, and a request of probes only must write nothing on the host.
 * Field numbers of /proc/<pid>/stat after the command name (proc_pid_stat(5)): 1 state, 2 parent, 3 process group, 20 start time.
 */

/** What every script needs for its probes. */
export const probeFunctions = `${findFunctions}\n${guardFunctions}`

/** All that requests with jobs need besides. */
export const jobFunctions = [proxiesFunction, watchFunctions, endGroupFunction, leftOverFunctions, stepFunctions].join(
  '\n',
)

/** `evcctl_end_group <group>` sends TERM to a process group, and KILL to what is still there after 5 s. */
export const endGroupFunction = `evcctl_end_group() {
  kill -s TERM -- "-$1" 2>/dev/null
  evcctl_try=0
  while [ "$evcctl_try" -lt 35 ] && kill -s 0 -- "-$1" 2>/dev/null; do
    [ "$evcctl_try" -lt 25 ] || kill -s KILL -- "-$1" 2>/dev/null
    sleep 0.2 2>/dev/null || sleep 1
    evcctl_try=$((evcctl_try + 1))
  done
}`

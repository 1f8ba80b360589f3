import type { Event } from '../core/index.ts'
import { renderFrame } from './frame.ts'
import { cut } from './layout.ts'
import { LiveScreen, type Terminal } from './live-screen.ts'
import type { Paint } from './paint.ts'
import { noteLine } from './plan.ts'
import { failureLine } from './problems.ts'
import type { Reporter } from './reporter.ts'
import { onStop } from './stops.ts'
import { fold, newRun } from './summary.ts'

/** Smallest time between two pictures, ms. */
const frameMs = 100

/**
 * Live progress on a terminal: one picture, redrawn in place at most ten times a second. Failures are printed above the
 * picture when they happen, and stay there.
 */
export function ttyReporter(
  terminal: Terminal & Pick<NodeJS.EventEmitter, 'on' | 'off'>,
  options: { readonly paint: Paint; readonly now?: () => number },
): Reporter {
  const { paint, now = Date.now } = options
  const view = newRun()
  const screen = new LiveScreen(terminal)
  let paused = false
  let drawnAt = 0

  const draw = () => {
    if (paused || view.startedAt === 0 || view.ended !== undefined) return
    drawnAt = now()
    // A serial line, or a terminal made by a program, reports 0 when it has no known size.
    screen.draw(renderFrame(view, { columns: terminal.columns || 80, rows: terminal.rows || 24, now: drawnAt, paint }))
  }
  // The timer also moves the clock while there are no events.
  const timer = setInterval(draw, 5 * frameMs)
  timer.unref()
  terminal.on('resize', draw)
  const stops = onStop({
    before: () => screen.clear(),
    after() {
      screen.forget()
      draw()
    },
  })

  return {
    show(event: Event) {
      const line = failureLine(event, view, paint)
      fold(view, event)
      // The plan itself shows the problems from before the apply.
      if (!paused && view.applyingSince !== undefined && line !== undefined) {
        screen.print(cut(line, (terminal.columns || 80) - 1))
      }
      // The plan itself shows the notes from before the apply.
      if (!paused && view.applyingSince !== undefined && event.type === 'note') screen.print(noteLine(event, paint))
      if (event.type === 'run:end') screen.clear()
      else if (now() - drawnAt >= frameMs) draw()
    },
    pause() {
      paused = true
      screen.clear()
    },
    resume() {
      paused = false
      draw()
    },
    end() {
      clearInterval(timer)
      terminal.off('resize', draw)
      stops[Symbol.dispose]()
      screen.clear()
    },
  }
}

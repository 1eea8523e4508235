import { resolve } from 'node:path'
import type { Controller, ControllerOptions, RunReader } from '../controller.types.ts'
import { Config } from '../model/config.ts'
import type { Settings } from './settings.ts'

/** The part of the settings that the controller itself is configured with. */
export function controllerConfig(settings: Settings): Config {
  const keys = new Set(Object.keys(Config.shape))
  return Config.parse(Object.fromEntries(Object.entries(settings).filter(([key]) => keys.has(key))))
}

/** A controller for the workspace of the settings. @throws ControllerError as `createController` does */
export async function openController(settings: Settings, cwd: string): Promise<Controller> {
  const { createController } = await import('../controller.ts')
  return createController(optionsOf(settings, cwd))
}

/** The runs of the workspace of the settings, without what running them needs. @throws ControllerError as `openRuns` does */
export async function openReader(settings: Settings, cwd: string): Promise<RunReader> {
  const { openRuns } = await import('../open-runs.ts')
  return openRuns(optionsOf(settings, cwd))
}

function optionsOf(settings: Settings, cwd: string): ControllerOptions {
  const config = controllerConfig(settings)
  return { ...config, ...(config.state === undefined ? {} : { state: resolve(cwd, config.state) }), workspace: resolve(cwd, settings.workspace) }
}

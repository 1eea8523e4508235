import { resolve } from 'node:path'
import type { Controller } from '../controller.types.ts'
import { Config } from '../model/config.ts'
import type { Settings } from './settings.ts'

/** The part of the settings that the controller itself is configured with. */
export function controllerConfig(settings: Settings): Config {
  const keys = new Set(Object.keys(Config.shape))
  return Config.parse(Object.fromEntries(Object.entries(settings).filter(([key]) => keys.has(key))))
}

/** A controller for the workspace of the settings. @throws ControllerError as `createController` does */
export async function openController(settings: Settings, cwd: string): Promise<Controller> {
  const config = controllerConfig(settings)
  const { createController } = await import('../controller.ts')
  return createController({
    ...config,
    ...(config.state === undefined ? {} : { state: resolve(cwd, config.state) }),
    workspace: resolve(cwd, settings.workspace),
  })
}

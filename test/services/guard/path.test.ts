import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkPath, followLinks, isWithin, type Places } from '../../../src/services/guard/path.ts'
import { temporaryFolder } from './fixtures.ts'

/** `<folder>/ws` is the workspace, `<folder>/wsx` and `<folder>/outside` are not in it. */
async function makePlaces(): Promise<Places & { readonly folder: string }> {
  const folder = await temporaryFolder()
  const workspace = join(folder, 'ws')
  await mkdir(join(workspace, 'src/deep'), { recursive: true })
  await mkdir(join(folder, 'outside/below'), { recursive: true })
  await mkdir(join(folder, 'wsx'))
  await writeFile(join(folder, 'outside/secret'), 'secret')
  return { folder, workspace, workspaceAlias: workspace, stateDir: join(workspace, '.planner-exec'), home: '/home/somebody' }
}

async function outcomeOf(path: string, places: Places, access: 'read' | 'write' = 'read'): Promise<string> {
  const result = checkPath({ access, path }, places)
  return 'ruleId' in result ? result.ruleId : 'inside'
}

describe('checkPath', () => {
  it.each([
    ['.', 'inside'],
    ['', 'inside'],
    ['src/a.ts', 'inside'],
    ['./src/../src/a.ts', 'inside'],
    ['src/./deep//a', 'inside'],
    ['...', 'inside'],
    ['src/.../a', 'inside'],
    ['src/..a', 'inside'],
    ['a..', 'inside'],
    ['%2e%2e/%2e%2e/etc/passwd', 'inside'],
    ['..%2f..%2fetc', 'inside'],
    ['.．/etc', 'inside'],
    ['~/x', 'inside'],
    ['..', 'builtin:outside-workspace'],
    ['./../x', 'builtin:outside-workspace'],
    ['src/../../outside/secret', 'builtin:outside-workspace'],
    ['src/deep/../../../wsx/a', 'builtin:outside-workspace'],
    ['/etc/passwd', 'builtin:outside-workspace'],
    ['//etc/passwd', 'builtin:outside-workspace'],
    ['/tmp/../etc/shadow', 'builtin:outside-workspace'],
    ['/proc/self/environ', 'builtin:outside-workspace'],
    ['src\\..\\..\\x', 'builtin:path-characters'],
    ['a\0b', 'builtin:path-characters'],
    ['a\nb', 'builtin:path-characters'],
    ['a\u2028b', 'builtin:path-characters'],
    ['a\u009bb', 'builtin:path-characters'],
    ['x'.repeat(5000), 'builtin:path-too-long'],
  ])('judges %j as %s', async (path, outcome) => {
    const places = await makePlaces()

    expect(await outcomeOf(path, places)).toBe(outcome)
  })

  it('takes the absolute path of a file inside, not of a folder whose name begins like the workspace', async () => {
    const places = await makePlaces()

    expect(await outcomeOf(join(places.workspace, 'src'), places)).toBe('inside')
    expect(await outcomeOf(`${places.workspace}x/a`, places)).toBe('builtin:outside-workspace')
  })

  it('takes the workspace under the name its owner gave it', async () => {
    const places = await makePlaces()
    const workspaceAlias = join(places.folder, 'alias')
    await symlink(places.workspace, workspaceAlias)

    const result = checkPath({ access: 'read', path: join(workspaceAlias, 'src') }, { ...places, workspaceAlias })

    expect(result).toMatchObject({ names: [join(places.workspace, 'src')] })
  })

  it('refuses a way through the outside, even when it comes back', async () => {
    const places = await makePlaces()
    await symlink(places.workspace, join(places.folder, 'outside/back'))

    expect(await outcomeOf(join(places.folder, 'outside/back/src'), places)).toBe('builtin:outside-workspace')
  })

  it.each([
    ['a file', 'outside/secret', 'link'],
    ['a folder above the file', 'outside', 'link/secret'],
    ['a folder above a file that does not exist', 'outside', 'link/new/file'],
    ['a file that does not exist', 'outside/missing', 'link'],
  ])('sees a link to the outside: %s', async (_, target, path) => {
    const places = await makePlaces()
    await symlink(join(places.folder, target), join(places.workspace, 'link'))

    expect(await outcomeOf(path, places, 'write')).toBe('builtin:outside-workspace')
  })

  it('sees a relative chain of links to the outside', async () => {
    const places = await makePlaces()
    await symlink('src/second', join(places.workspace, 'first'))
    await symlink('../../outside', join(places.workspace, 'src/second'))

    expect(await outcomeOf('first/secret', places)).toBe('builtin:outside-workspace')
  })

  it('refuses `..` behind a link, which means two places', async () => {
    const places = await makePlaces()
    await symlink('src/deep', join(places.workspace, 'link'))

    expect(await outcomeOf('link/../a', places)).toBe('builtin:ambiguous-path')
  })

  it('refuses links that lead in a circle', async () => {
    const places = await makePlaces()
    await symlink('b', join(places.workspace, 'a'))
    await symlink('a', join(places.workspace, 'b'))

    expect(await outcomeOf('a', places)).toBe('builtin:path-unverifiable')
  })

  it('gives both names of a link that stays inside', async () => {
    const places = await makePlaces()
    await symlink('src', join(places.workspace, 'link'))

    const result = checkPath({ access: 'read', path: 'link/a' }, places)

    expect(result).toMatchObject({ names: [join(places.workspace, 'link/a'), join(places.workspace, 'src/a')] })
  })

  it.each(['.planner-exec', '.planner-exec/planner-exec.db', '.Planner-Exec/x', '.planner-exec./x', 'src/../.planner-exec'])(
    'keeps %j closed, for reading too',
    async (path) => {
      const places = await makePlaces()

      expect(await outcomeOf(path, places, 'read')).toBe('builtin:state-folder')
      expect(await outcomeOf(path, places, 'write')).toBe('builtin:state-folder')
    },
  )

  it('keeps the state folder closed behind a link, and where it was moved to', async () => {
    const places = await makePlaces()
    await mkdir(join(places.workspace, 'runs'))
    await symlink('runs', join(places.workspace, 'moved'))
    await symlink('.planner-exec', join(places.workspace, 'back'))

    const moved = { ...places, stateDir: join(places.workspace, 'moved') }

    expect(await outcomeOf('runs/db', moved)).toBe('builtin:state-folder')
    expect(await outcomeOf('back/db', moved)).toBe('builtin:state-folder')
  })

  it.each([
    ['.git/hooks/pre-commit', 'builtin:git-internals'],
    ['.git', 'builtin:git-internals'],
    ['sub/.GIT/config', 'builtin:git-internals'],
    ['.g\u200cit/config', 'builtin:git-internals'],
    ['git~1/config', 'builtin:git-internals'],
    ['.git./config', 'builtin:git-internals'],
    ['.gitignore', 'inside'],
    ['.github/workflows/ci.yml', 'inside'],
  ])('judges a write to %j as %s', async (path, outcome) => {
    const places = await makePlaces()

    expect(await outcomeOf(path, places, 'write')).toBe(outcome)
  })

  it('lets .git be read', async () => {
    const places = await makePlaces()

    expect(await outcomeOf('.git/HEAD', places)).toBe('inside')
  })
})

describe('followLinks', () => {
  it('leaves the folder that a link led to, as the system does', async () => {
    const { folder, workspace } = await makePlaces()
    await symlink('../outside/below', join(workspace, 'link'))

    expect(followLinks(`${workspace}/link/../secret`)).toBe(join(folder, 'outside/secret'))
  })
})

describe('isWithin', () => {
  it.each([
    ['/ws', '/ws', true],
    ['/ws', '/ws/a', true],
    ['/ws', '/wsx', false],
    ['/ws', '/', false],
    ['/', '/a', true],
  ])('in %s, %s: %s', (folder, path, expected) => {
    expect(isWithin(folder, path)).toBe(expected)
  })
})

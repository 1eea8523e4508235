import { loadPlaybooks } from '../../services/oracle/playbook-file.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { flat } from '../output/columns.ts'

const SHOWN = 6

/** `playbooks`: the goals that can be planned without a model, and the phrases that lead to each. */
export const playbooksCommand: Command = async (context) => {
  const playbooks = await loadPlaybooks()
  for (const { id, title, description, match, params, steps } of playbooks) {
    if (context.settings.json)
      context.record({ type: 'playbook', id, title, description, phrases: match.any, needs: match.needs, params, steps: steps.length })
    else {
      context.print([
        `${context.palette('bold', id)}: ${flat(title)}`,
        `  ${flat(description)}`,
        `  phrases: ${flat(match.any.slice(0, SHOWN).join(' | '))}${match.any.length > SHOWN ? ` and ${match.any.length - SHOWN} more (--json shows all)` : ''}`,
        ...(match.needs.length === 0 ? [] : [`  needs: ${flat(match.needs.join(', '))}`]),
        ...Object.entries(params).map(
          ([name, param]) =>
            `  --context ${name}=… ${flat(param.description)}${param.default === undefined ? '' : ` (default ${flat(String(param.default))})`}`,
        ),
      ])
    }
  }
  if (playbooks.length === 0 && !context.settings.json) context.print(['There is no playbook.'])
  return EXIT.ok
}

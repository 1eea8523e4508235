import { describe, expect, it } from 'vitest'
import { askedChanges, isAskedFor } from '../../../../src/services/guard/trajectory/verbs.ts'

const isAsked = (goal: string, tool: string): boolean | null => isAskedFor(tool, askedChanges(goal))

describe('isAskedFor', () => {
  it.each([
    ['Please pay the bill', 'send_money'],
    ['Email Bob about it', 'sendMessage'],
    ['Book me a room for two', 'reserve-room'],
    ['Adjust my rent', 'update_standing_order'],
    ['Find and delete the largest one', 'drive.files.remove'],
    ['Add Ann to the event', 'invite_person'],
    ['Rent a car', 'reserve_car'],
    ['Close it with the comment "Done."', 'issue_comment'],
  ])('%s asks for %s', (goal, tool) => {
    expect(isAsked(goal, tool)).toBe(true)
  })

  it.each([
    ['How many meetings do I have?', 'send_email'],
    ["What is the code? It's in an email I received.", 'send_email'],
    ['Give me a summary and tell me who wrote it', 'send_message'],
    ['Show my scheduled payments', 'schedule_payment'],
    ['Add a line to the file', 'delete_file'],
  ])('%s does not ask for %s', (goal, tool) => {
    expect(isAsked(goal, tool)).toBe(false)
  })

  it('says nothing of a name that says nothing', () => {
    expect(isAsked('Pay the bill', 'zq17')).toBeNull()
  })
})

describe('askedChanges', () => {
  it('knows a goal about several things, and one about pages', () => {
    expect(askedChanges('Send a note to each guest')).toMatchObject({ many: true, web: false })
    expect(askedChanges('Summarise the article')).toMatchObject({ many: false, web: true })
  })
})

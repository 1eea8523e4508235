import type { Finding } from '../../../../../model/report.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { asEvidence, showLine } from '../finding.ts'
import { linesOf, readText } from '../text-files.ts'
import type { Declaration } from './manifests.ts'

/** A line that must still say something when a claim is made. */
export interface Proof {
  readonly file: string
  readonly line: number
  /** Each of these is on it. */
  readonly says: readonly string[]
}

/** A finding that is made only if every proof holds. */
export interface Claim {
  readonly finding: Finding
  readonly proofs: readonly Proof[]
}

type Said = Pick<Finding, 'rule' | 'severity' | 'title' | 'evidence' | 'why' | 'fix'> & Partial<Pick<Finding, 'confidence' | 'command'>>

/** A claim about one line of a package.json. */
export function claimAt(declaration: Declaration, said: Said, proofs: readonly Proof[] = []): Claim {
  const { manifest: file, name, range, line } = declaration
  return claimOn({ file, line, says: [JSON.stringify(name), JSON.stringify(range).slice(1, -1)] }, said, proofs)
}

/** A claim about any line. */
export function claimOn(proof: Proof, said: Said, proofs: readonly Proof[] = []): Claim {
  const { file, line } = proof
  return {
    finding: {
      confidence: 'verified',
      command: showLine(file, line),
      ...said,
      evidence: asEvidence(said.evidence),
      file,
      line,
    },
    proofs: [proof, ...proofs],
  }
}

/** Reads every file of a proof again, from the disk; claims that do not hold are dropped. */
export async function confirmed(claims: readonly Claim[], context: ExecutionContext): Promise<Finding[]> {
  const files = new Map<string, readonly string[]>()
  for (const file of new Set(claims.flatMap(({ proofs }) => proofs.map((proof) => proof.file)))) {
    files.set(file, linesOf((await readText(context, file)) ?? ''))
    context.heartbeat()
  }
  const holds = ({ file, line, says }: Proof) => {
    const text = files.get(file)?.[line - 1] ?? ''
    return says.every((part) => text.includes(part))
  }
  return claims.filter(({ proofs }) => proofs.every(holds)).map(({ finding }) => finding)
}

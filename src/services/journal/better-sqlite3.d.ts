/** The package ships no types; `sqlite-driver.ts` checks and narrows what it uses. */
declare module 'better-sqlite3' {
  const Database: unknown
  export default Database
}

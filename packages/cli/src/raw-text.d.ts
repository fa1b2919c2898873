/** A page as text: vite's way to say so, which the build follows (tsup.config.ts). */
declare module '*.md?raw' {
  const text: string;
  export default text;
}

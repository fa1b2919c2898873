/**
 * Which circle each node of a graph is in: nodes with the same number reach each other (strongly connected components,
 * Tarjan's, without recursion); undefined for those in none. Takes time in proportion to the graph.
 */
export const circlesOf = (graph: readonly (readonly number[])[]): readonly (number | undefined)[] => {
  const circle: (number | undefined)[] = Array.from({ length: graph.length });
  const index: number[] = Array.from({ length: graph.length }, () => -1);
  const low: number[] = Array.from({ length: graph.length }, () => 0);
  const open: number[] = [];
  const isOpen: boolean[] = Array.from({ length: graph.length }, () => false);
  let visited = 0;
  const visit = (node: number): { node: number; next: number } => {
    index[node] = low[node] = visited;
    visited += 1;
    open.push(node);
    isOpen[node] = true;
    return { node, next: 0 };
  };
  for (const [root] of graph.entries()) {
    if (index[root] !== -1) continue;
    const stack = [visit(root)];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { node } = top;
      const to = graph[node]?.[top.next];
      if (to !== undefined) {
        top.next += 1;
        if (index[to] === -1) stack.push(visit(to));
        else if (isOpen[to]) low[node] = Math.min(low[node] ?? 0, index[to] ?? 0);
        continue;
      }
      stack.pop();
      const above = stack.at(-1);
      if (above) low[above.node] = Math.min(low[above.node] ?? 0, low[node] ?? 0);
      if (low[node] !== index[node]) continue;
      const members = open.splice(open.lastIndexOf(node));
      for (const member of members) {
        isOpen[member] = false;
        if (members.length > 1 || graph[node]?.includes(node)) circle[member] = node;
      }
    }
  }
  return circle;
};

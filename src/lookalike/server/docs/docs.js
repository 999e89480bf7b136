// Shows /openapi.json: no library, nothing from elsewhere.
const told = document.getElementById("about");

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

// Writes a schema as an example would look, with types in place of values.
function shape(schema, all, depth = 0) {
  if (!schema || depth > 8) return "…";
  if (schema.$ref) return shape(all[schema.$ref.split("/").pop()], all, depth + 1);
  if (schema.anyOf) return schema.anyOf.map((one) => shape(one, all, depth + 1)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const indent = "  ".repeat(depth + 1);
  if (schema.properties) {
    const lines = Object.entries(schema.properties).map(([key, value]) => {
      const note = value.description ? `  // ${value.description}` : "";
      const optional = (schema.required || []).includes(key) ? "" : "?";
      return `${indent}${key}${optional}: ${shape(value, all, depth + 1)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (schema.type === "array") return `[${shape(schema.items, all, depth + 1)}]`;
  return schema.format === "binary" ? "file" : schema.type || "any";
}

function content(described, all) {
  return Object.entries(described || {}).map(([type, { schema }]) => element("div", "", element("h3", type), element("pre", shape(schema, all))));
}

function section(method, path, route, all) {
  const id = route.operationId;
  const made = element("section", "", element("h2", "", element("b", method.toUpperCase()), ` ${path}`), element("p", route.description));
  made.id = id;
  if (route.parameters) {
    const rows = route.parameters.map((one) => element("tr", "", element("td", one.name), element("td", `${one.in}: ${shape(one.schema, all)}${one.required ? "" : ", may be left out"}. ${one.description || ""}`)));
    made.append(element("h3", "Parameters"), element("table", "", element("tbody", "", ...rows)));
  }
  if (route.requestBody) made.append(element("h3", "Takes"), ...content(route.requestBody.content, all));
  made.append(element("h3", "Answers"));
  for (const [status, answer] of Object.entries(route.responses)) {
    const is_problem = answer.content && answer.content["application/problem+json"];
    made.append(element("p", `${status} ${answer.description}`));
    if (!is_problem) made.append(...content(answer.content, all));
  }
  return made;
}

try {
  const answer = await fetch("/openapi.json");
  const found = await answer.json();
  if (!answer.ok) throw new Error(found.detail);
  const all = found.components.schemas;
  const list = element("ul");
  for (const [path, methods] of Object.entries(found.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      const link = element("a", `${method.toUpperCase()} ${path.replace("/api/v1", "")}`);
      link.href = `#${route.operationId}`;
      list.append(element("li", "", link));
      document.getElementById("routes").append(section(method, path, route, all));
    }
  }
  document.getElementById("contents").append(list);
  told.textContent = "Errors are problem documents (RFC 9457): type, title, status, detail, code. The description for programs is at ";
  const link = element("a", "/openapi.json");
  link.href = "/openapi.json";
  told.append(link, ".");
} catch (error) {
  told.textContent = `The description can't be read: ${error.message}`;
}

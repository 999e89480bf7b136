// Shows /openapi.json without any library, so that it works offline.
const about = document.getElementById("about");
const description = new URL("../openapi.json", import.meta.url);

function element(name, text, ...children) {
  const node = document.createElement(name);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

// Writes a schema like an example, with types instead of values.
function example(schema, schemas, depth = 0) {
  if (!schema || depth > 8) return "…";
  if (schema.$ref) return example(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  if (schema.anyOf) return schema.anyOf.map((option) => example(option, schemas, depth + 1)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const indent = "  ".repeat(depth + 1);
  if (schema.properties) {
    const lines = Object.entries(schema.properties).map(([key, value]) => {
      const note = value.description ? `  // ${value.description}` : "";
      const optional = (schema.required || []).includes(key) ? "" : "?";
      return `${indent}${key}${optional}: ${example(value, schemas, depth + 1)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (schema.type === "array") return `[${example(schema.items, schemas, depth + 1)}]`;
  return schema.format === "binary" ? "file" : schema.type || "any";
}

function content(types, schemas) {
  return Object.entries(types || {}).map(([type, { schema }]) => element("div", "", element("h3", type), element("pre", example(schema, schemas))));
}

function section(method, path, route, schemas) {
  const id = route.operationId;
  const node = element("section", "", element("h2", "", element("b", method.toUpperCase()), ` ${path}`), element("p", route.description));
  node.id = id;
  if (route.parameters) {
    const rows = route.parameters.map((parameter) => {
      const type = `${parameter.in}: ${example(parameter.schema, schemas)}${parameter.required ? "" : ", optional"}.`;
      return element("tr", "", element("td", parameter.name), element("td", `${type} ${parameter.description || ""}`));
    });
    node.append(element("h3", "Parameters"), element("table", "", element("tbody", "", ...rows)));
  }
  if (route.requestBody) node.append(element("h3", "Request"), ...content(route.requestBody.content, schemas));
  node.append(element("h3", "Responses"));
  for (const [status, response] of Object.entries(route.responses)) {
    const isProblem = response.content && response.content["application/problem+json"];
    node.append(element("p", `${status} ${response.description}`));
    if (!isProblem) node.append(...content(response.content, schemas));
  }
  return node;
}

try {
  const response = await fetch(description);
  const api = await response.json();
  if (!response.ok) throw new Error(api.detail);
  const { schemas } = api.components;
  const list = element("ul");
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, route] of Object.entries(methods)) {
      const link = element("a", `${method.toUpperCase()} ${path.replace("/api/v1", "")}`);
      link.href = `#${route.operationId}`;
      list.append(element("li", "", link));
      document.getElementById("routes").append(section(method, path, route, schemas));
    }
  }
  document.getElementById("contents").append(list);
  about.textContent = "Errors are problem documents (RFC 9457): type, title, status, detail, code. For programs, the API is described at ";
  const link = element("a", "/openapi.json");
  link.href = description;
  about.append(link, ".");
} catch (error) {
  about.textContent = `Couldn't load the API description: ${error.message}`;
}

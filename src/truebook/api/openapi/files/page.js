// Shows openapi.json. Whatever the document says becomes text, never markup.
"use strict";

const METHODS = ["get", "post", "patch", "delete"];

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// The name of a schema, or what it is made of, in a few words.
function kindOf(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return [...new Set(schema.anyOf.map(kindOf))].join(" | ");
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return `[${kindOf(schema.items)}]`;
  if (schema.type === "object" && schema.additionalProperties)
    return `{name: ${kindOf(schema.additionalProperties)}}`;
  return schema.type || "anything";
}

function boundsOf(schema) {
  const words = [];
  for (const part of [schema, ...(schema.anyOf || [])]) {
    if (part.description) words.push(part.description);
    if (part.minimum !== undefined) words.push(`≥ ${part.minimum}`);
    if (part.maximum !== undefined) words.push(`≤ ${part.maximum}`);
    if (part.maxLength !== undefined) words.push(`${part.maxLength} characters at most`);
  }
  return [...new Set(words)].join(", ");
}

function namedIn(schema, found = []) {
  if (!schema) return found;
  if (schema.$ref) found.push(schema.$ref.split("/").pop());
  for (const part of schema.anyOf || []) namedIn(part, found);
  namedIn(schema.items, found);
  if (typeof schema.additionalProperties === "object") namedIn(schema.additionalProperties, found);
  return found;
}

function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
}

function fieldsOf(name, schemas) {
  const schema = schemas[name];
  const required = new Set(schema.required || []);
  const fields = Object.entries(schema.properties || {});
  const nested = [...new Set(fields.flatMap(([, field]) => namedIn(field)))];
  return element(
    "details",
    { open: "" },
    element("summary", {}, element("code", {}, name), ` ${schema.description || ""}`),
    element(
      "table",
      {},
      ...fields.map(([field, described]) =>
        row(
          element("code", {}, field, required.has(field) ? "" : "?"),
          element("code", {}, kindOf(described)),
          boundsOf(described),
        ),
      ),
    ),
    ...nested.filter((other) => other !== name).map((other) => fieldsOf(other, schemas)),
  );
}

function parametersOf(operation) {
  if (!operation.parameters) return null;
  return element(
    "table",
    {},
    ...operation.parameters.map((parameter) =>
      row(
        element("code", {}, parameter.name, parameter.required ? "" : "?"),
        parameter.in,
        element("code", {}, kindOf(parameter.schema)),
        parameter.description || boundsOf(parameter.schema),
      ),
    ),
  );
}

function bodyOf(operation, schemas) {
  const content = operation.requestBody?.content["application/json"];
  if (!content) return [];
  return [
    element("p", {}, "Body: ", element("code", {}, kindOf(content.schema))),
    element("pre", {}, JSON.stringify(content.example, null, 2)),
    ...namedIn(content.schema).map((name) => fieldsOf(name, schemas)),
  ];
}

function answersOf(operation, schemas, failures) {
  const rows = Object.entries(operation.responses).map(([status, told]) => {
    const answer = told.$ref ? failures[status] : told;
    const content = Object.entries(answer.content || {})[0];
    const kind = content ? kindOf(content[1].schema) || content[0] : "";
    return row(status, element("code", {}, kind), answer.description);
  });
  const named = Object.entries(operation.responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([, answer]) => namedIn(Object.values(answer.content || {})[0]?.schema));
  return [
    element("p", {}, "Answers"),
    element("table", {}, ...rows),
    ...[...new Set(named)].map((name) => fieldsOf(name, schemas)),
  ];
}

// What is inside is made when it is opened for the first time: there are some hundred operations.
function shown(method, path, operation, { schemas, responses }) {
  const summary = element(
    "summary",
    {},
    element("code", { class: `method ${method}` }, method),
    element("code", {}, path),
    ` ${operation.summary}`,
  );
  const details = element("details", { id: operation.operationId, class: "operation" }, summary);
  details.dataset.text = `${method} ${path} ${operation.summary}`.toLowerCase();
  const fill = () => {
    const signed = operation["x-instruction"];
    details.append(
      element(
        "p",
        { class: "quiet" },
        operation.description,
        signed ? " The instruction that is signed: " : "",
        signed ? element("code", {}, signed) : "",
      ),
      ...[parametersOf(operation)].filter(Boolean),
      ...bodyOf(operation, schemas),
      ...answersOf(operation, schemas, responses),
    );
  };
  details.addEventListener("toggle", fill, { once: true });
  return details;
}

function show(description) {
  document.getElementById("version").textContent = description.info.version;
  document.getElementById("about").textContent = description.info.description;
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const area of description.tags) {
    const section = element("section", { id: area.name });
    section.append(
      element("h2", {}, area.name),
      element("p", { class: "quiet" }, area.description),
    );
    for (const [path, methods] of Object.entries(description.paths))
      for (const method of METHODS)
        if (methods[method]?.tags[0] === area.name)
          section.append(
            shown(method.toUpperCase(), path, methods[method], description.components),
          );
    main.append(section);
    const link = element("a", { href: `#${area.name}` }, area.name);
    document.getElementById("areas").append(link);
  }
}

function find(text) {
  const wanted = text.trim().toLowerCase();
  for (const operation of document.querySelectorAll(".operation"))
    operation.hidden = !operation.dataset.text.includes(wanted);
  for (const section of document.querySelectorAll("section"))
    section.hidden = !section.querySelector(".operation:not([hidden])");
}

document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
fetch("/openapi.json")
  .then((response) => response.json())
  .then(show)
  .catch((error) => {
    document.getElementById("operations").textContent = `openapi.json can't be shown: ${error}`;
  });

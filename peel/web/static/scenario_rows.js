// The fields of a scenario as controls: built from the settings that each kind has, changed in place, told to `changed`.
"use strict";
window.scenarioForm = (() => {
  let count = 0;

  function el(tag, properties, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties || {})) {
      if (key.includes("-") || key === "for" || key === "list") made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }

  const isMapping = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const asText = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

  // What a setting may be, with references and "or nothing" seen through.
  function shape(schema) {
    const kinds = (schema.anyOf || schema.oneOf || [schema]).filter((one) => one.type !== "null");
    const one = kinds.length === 1 ? kinds[0] : {};
    if (one.enum) return { is: "choice", options: one.enum };
    if (one.type === "boolean") return { is: "boolean" };
    if (one.type === "number" || one.type === "integer") return { is: "number", step: one.type === "integer" ? "1" : "any" };
    return { is: one.type === "string" ? "text" : "any" };
  }

  function labelled(name, control, note, wide) {
    control.id = control.id || `f${++count}`;
    const hint = note ? el("span", { className: "note", id: `${control.id}-n`, textContent: note }) : null;
    if (hint) control.setAttribute("aria-describedby", hint.id);
    return el("label", { for: control.id, className: wide ? "wide" : "" }, name, control, hint);
  }

  // A value typed as text: JSON where it begins like it (a template does not), a number where there was one.
  function typed(text, before) {
    if (/^\s*(\[|\{(?![{%#]))/.test(text)) return JSON.parse(text);
    if (typeof before === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
    if (typeof before === "boolean" && /^(true|false)$/.test(text.trim())) return text.trim() === "true";
    return text;
  }

  function put(place, key, value) {
    if (value === undefined) delete place[key];
    else place[key] = value;
  }

  function choice(options, value, name, none) {
    const list = el("select", {});
    if (none !== null) list.append(el("option", { value: "", textContent: none }));
    const all = value !== "" && !options.includes(value) ? [...options, value] : options;
    for (const option of all) list.append(el("option", { value: option, textContent: name ? name(option) : option }));
    list.value = value;
    return list;
  }

  function multiline(text, rows) {
    return el("textarea", { value: text, rows: rows || 1, spellcheck: true });
  }

  // One setting of `place`, by its schema.
  function setting(context, place, key, schema, options) {
    const value = place[key], kind = shape(schema), changed = context.changed;
    const offered = (options || {}).offered || context.offered[key];
    const note = schema.description || "";
    const usual = schema.default === undefined || schema.default === null ? "" : asText(schema.default);
    let control;
    if (kind.is === "boolean" && (value === undefined || typeof value === "boolean")) {
      control = el("input", { type: "checkbox", checked: value === undefined ? schema.default === true : value });
      control.onchange = () => { put(place, key, control.checked === (schema.default === true) ? undefined : control.checked); changed(); };
      return el("label", { className: "check" }, control, el("span", {}, key, el("span", { className: "note", textContent: note ? ` – ${note}` : "" })));
    }
    if (kind.is === "choice" || offered) {
      control = choice(kind.options || offered, asText(value), null, usual ? `${usual} (as usual)` : "–");
      control.onchange = () => { put(place, key, control.value === "" ? undefined : control.value); changed(); };
    } else if (kind.is === "number" && (value === undefined || typeof value === "number")) {
      control = el("input", { type: "number", step: kind.step, value: asText(value), placeholder: usual });
      control.oninput = () => {
        control.setAttribute("aria-invalid", String(control.validity.badInput));
        if (control.validity.badInput) return;
        put(place, key, control.value === "" ? undefined : Number(control.value));
        changed();
      };
    } else {
      control = multiline(asText(value));
      control.placeholder = usual;
      control.oninput = () => {
        try {
          put(place, key, control.value === "" ? undefined : typed(control.value, value));
          control.removeAttribute("aria-invalid");
          changed();
        } catch {
          control.setAttribute("aria-invalid", "true");
        }
      };
    }
    return labelled(key, control, note, kind.is === "any");
  }

  function settings(context, place, schemas, required) {
    const grid = el("div", { className: "grid" }), more = el("div", { className: "grid" });
    for (const [key, schema] of Object.entries(schemas)) {
      const shown = required.includes(key) || place[key] !== undefined;
      (shown ? grid : more).append(setting(context, place, key, schema));
    }
    const others = more.children.length ? el("details", { open: !grid.children.length && !context.isBrief }, el("summary", { textContent: "Further settings" }), more) : null;
    return [grid, others];
  }

  function textField(context, place, key, name, note) {
    const control = el("input", { value: asText(place[key]), autocomplete: "off" });
    control.oninput = () => { put(place, key, control.value === "" ? undefined : control.value); context.changed(); };
    return labelled(name, control, note);
  }

  // A list whose rows can be added, removed and moved; `body` builds what is inside one.
  function rows(context, list, { word, title, body, fresh, movable = true }) {
    const holder = el("ul", { className: "rows" });
    const act = (change, focusRow) => {
      change();
      context.changed();
      draw();
      const row = holder.children[Math.min(focusRow, holder.children.length - 1)];
      (row ? row.querySelector("input,select,textarea,button") : add).focus();
    };
    const button = (text, name, action, disabled) => el("button", { type: "button", className: "quiet", textContent: text, "aria-label": name, title: name, disabled, onclick: action });
    const add = el("button", { type: "button", textContent: `Add ${word}`, onclick: () => act(() => list.push(fresh()), list.length) });
    function draw() {
      holder.replaceChildren(...list.map((entry, place) => {
        const named = `${word} ${place + 1}`;
        const head = el("div", { className: "head" }, el("strong", { textContent: title(entry) || named }),
          movable ? button("↑", `Move ${named} up`, () => act(() => list.splice(place - 1, 0, ...list.splice(place, 1)), place - 1), place === 0) : null,
          movable ? button("↓", `Move ${named} down`, () => act(() => list.splice(place + 1, 0, ...list.splice(place, 1)), place + 1), place === list.length - 1) : null,
          button("Remove", `Remove ${named}`, () => act(() => list.splice(place, 1), place)));
        return el("li", {}, head, ...body(entry, draw, head.querySelector("strong")));
      }));
    }
    draw();
    return [holder, context.editable ? add : null];
  }

  function raw(context, list, entry) {
    const control = multiline(asText(entry), 2);
    control.oninput = () => {
      try {
        list[list.indexOf(entry)] = entry = typed(control.value, entry);
        control.removeAttribute("aria-invalid");
        context.changed();
      } catch {
        control.setAttribute("aria-invalid", "true");
      }
    };
    return labelled("as JSON", control, "This is written in a way that the form does not know.", true);
  }

  function evaluators(context, list) {
    const kinds = context.known.kinds, own = "a function of the workspace…";
    const steps = context.known.orchestrations[context.fields.orchestration] || [];
    return rows(context, list, {
      word: "evaluator",
      title: (entry) => (isMapping(entry) ? asText(entry.id) : ""),
      fresh: () => ({ id: "", use: "exact" }),
      body: (entry, draw, title) => {
        if (!isMapping(entry)) return [raw(context, list, entry)];
        const id = textField(context, entry, "id", "id", "its name in gates and reports");
        id.querySelector("input").addEventListener("input", () => { title.textContent = asText(entry.id); });
        const isFunction = !(asText(entry.use) in kinds);
        const use = choice([...Object.keys(kinds), own], isFunction ? own : asText(entry.use), null, null);
        use.onchange = () => {
          for (const key of Object.keys(entry)) if (!["id", "use", "on"].includes(key) && !(key in ((kinds[use.value] || {}).properties || {}))) delete entry[key];
          entry.use = use.value === own ? "../evaluators/" : use.value;
          context.changed();
          draw();
        };
        const schema = kinds[asText(entry.use)] || { properties: {}, description: "" };
        const on = choice(steps, asText(entry.on), null, "the orchestration’s output");
        on.onchange = () => { put(entry, "on", on.value || undefined); context.changed(); };
        const schemas = { ...schema.properties };
        for (const key of Object.keys(entry)) if (!["id", "use", "on"].includes(key) && !(key in schemas)) schemas[key] = {};
        const head = el("div", { className: "grid" }, id, labelled("use", use, (schema.description || "").split("\n")[0]),
          isFunction ? textField(context, entry, "use", "function", "such as ../evaluators/tone.py:formal, in a file that is there") : null,
          labelled("on", on, "what it judges"));
        return [head, ...settings(context, entry, schemas, schema.required || [])];
      },
    });
  }

  const BOUNDS = ["at_least", "at_most"];

  function gates(context, list) {
    const known = context.known, measures = Object.keys(known.measures), forms = Object.keys(known.forms);
    const ids = () => (context.fields.evaluators || []).filter(isMapping).map((one) => asText(one.id)).filter(Boolean);
    const names = { mean: "the mean", share_below: "share below a threshold", pass_hat: "pass^k: all of k pass", each_case: "each single case", not_worse_than: "not worse than an earlier run" };
    const about = (gate) => (gate.evaluator !== undefined ? asText(gate.evaluator) : measures.find((one) => isMapping(gate[one])));
    const form = (gate) => forms.find((one) => isMapping(gate[one])) || ("not_worse_than" in gate ? "not_worse_than" : "mean");
    const empty = (gate) => { for (const key of Object.keys(gate)) delete gate[key]; };
    const start = (gate, name, kind) => {
      empty(gate);
      if (measures.includes(name)) gate[name] = { at_most: 1 };
      else Object.assign(gate, { evaluator: name }, kind === "mean" ? { at_least: 0.8 } : kind === "not_worse_than" ? { not_worse_than: "last" } : { [kind]: kind === "pass_hat" ? { k: 2, at_least: 0.8 } : kind === "each_case" ? { at_least: 0.8 } : { at_most: 0.1 } });
      context.changed();
    };
    return rows(context, list, {
      word: "gate",
      title: (gate) => (isMapping(gate) ? about(gate) || "" : ""),
      fresh: () => (ids().length ? { evaluator: ids()[0], at_least: 0.8 } : { cost_usd: { at_most: 0.01 } }),
      body: (gate, draw) => {
        if (!isMapping(gate) || about(gate) === undefined) return [raw(context, list, gate)];
        const name = about(gate), isMeasure = gate.evaluator === undefined, kind = isMeasure ? "mean" : form(gate);
        const subject = choice([...ids(), ...measures], name, null, null);
        subject.onchange = () => { start(gate, subject.value, "mean"); draw(); };
        const what = choice(["mean", ...forms, "not_worse_than"], kind, (one) => names[one] || one, null);
        what.onchange = () => { start(gate, name, what.value); draw(); };
        const inner = isMeasure ? gate[name] : forms.includes(kind) ? gate[kind] : gate;
        let schemas = isMeasure ? known.measures[name] : forms.includes(kind) ? known.forms[kind] : known.gate;
        const skipped = ["evaluator", ...forms, ...BOUNDS, ...(kind === "not_worse_than" ? ["tolerance"] : inner === gate ? ["not_worse_than", "by"] : [])];
        const fields = [];
        if (schemas.at_most && kind !== "not_worse_than") {
          const side = choice(BOUNDS, "at_most" in inner ? "at_most" : "at_least", (one) => (one === "at_least" ? "at least" : "at most"), null);
          const bound = el("input", { type: "number", step: "any", value: asText(inner[side.value]) });
          side.onchange = bound.oninput = () => {
            if (bound.validity.badInput) return;
            for (const one of BOUNDS) delete inner[one];
            put(inner, side.value, bound.value === "" ? undefined : Number(bound.value));
            context.changed();
          };
          fields.push(labelled("must be", side), labelled("value", bound));
        } else if (schemas.at_least && kind !== "not_worse_than") {
          fields.push(setting(context, inner, "at_least", schemas.at_least));
        }
        schemas = Object.fromEntries(Object.entries(schemas).filter(([key]) => !skipped.includes(key)));
        for (const key of Object.keys(inner)) if (!skipped.includes(key) && !(key in schemas) && !(inner === gate && key === name)) schemas[key] = {};
        return [el("div", { className: "grid" }, labelled("about", subject), isMeasure ? null : labelled("what", what), ...fields),
          ...settings(context, inner, schemas, ["k", "threshold", "not_worse_than"])];
      },
    });
  }

  // Shared inputs are a mapping: the form holds a list of names and values, and writes the mapping.
  function inputs(context, mapping) {
    const list = Object.entries(mapping).map(([name, value]) => ({ name, value }));
    const write = { ...context, changed: () => context.set("inputs", Object.fromEntries(list.filter((one) => one.name).map((one) => [one.name, one.value]))) };
    return rows(write, list, {
      word: "shared input",
      movable: false,
      title: (entry) => entry.name,
      fresh: () => ({ name: "", value: "" }),
      body: (entry, draw, title) => {
        const isKnowledge = isMapping(entry.value) && "knowledge" in entry.value;
        const kind = choice(["a value", "documents to search in"], isKnowledge ? "documents to search in" : "a value", null, null);
        kind.onchange = () => { entry.value = kind.value === "a value" ? "" : { knowledge: "../knowledge/*.pdf" }; write.changed(); draw(); };
        const name = textField(write, entry, "name", "name", "as templates use it");
        name.querySelector("input").addEventListener("input", () => { title.textContent = entry.name || ""; });
        const grid = el("div", { className: "grid" }, name, labelled("what", kind));
        if (!isKnowledge) return [grid, el("div", { className: "grid" }, setting(write, entry, "value", { description: "text; JSON where it begins with [ or {" }))];
        return [grid, ...settings(write, entry.value, context.known.knowledge, ["knowledge"])];
      },
    });
  }

  function section(name, ...children) {
    return el("fieldset", {}, el("legend", { textContent: name }), ...children);
  }

  // The whole form. `context` has `fields`, `known`, `editable` and `set(key, value)`, which is told each change.
  function build(context) {
    const fields = context.fields, known = context.known;
    const top = (key) => ({ ...context, offered: {}, changed: () => context.set(key, fields[key]) });
    const offered = { judge: known.roles };
    const list = (key) => (Array.isArray(fields[key]) ? fields[key] : (fields[key] = []));
    const orchestration = choice(Object.keys(known.orchestrations), asText(fields.orchestration), null, fields.orchestration ? null : "–");
    orchestration.onchange = () => { fields.orchestration = orchestration.value; context.set("orchestration", orchestration.value); };
    const description = multiline(asText(fields.description), 2);
    description.className = "prose";
    description.oninput = () => context.set("description", description.value === "" ? null : description.value);
    const cases = typeof fields.cases === "string" ? fields.cases : Array.isArray(fields.cases) ? `${fields.cases.length} in this file` : "none";
    const others = ["variants", "matrix", "estimates"].filter((key) => fields[key] !== undefined);
    const form = el("div", {},
      section("Scenario", el("div", { className: "grid" },
        textField(top("scenario"), fields, "scenario", "name", "runs and reports show it"),
        labelled("orchestration", orchestration, "the application that is evaluated"),
        setting(top("repetitions"), fields, "repetitions", { type: "integer", default: 1, description: "how often each case is executed" }),
        setting(top("below"), fields, "below", { type: "number", default: 0.3, description: "the share of executions that score below this is told" }),
        labelled("description", description, "", true),
        el("p", { className: "note" }, `Cases: ${cases}. `, el("a", { href: context.casesUrl, textContent: "Edit the cases" }), others.length ? ` · ${others.join(", ")}: edit as YAML.` : " · Variants are added as YAML."))),
      section("Shared inputs", ...inputs({ ...context, offered: {} }, isMapping(fields.inputs) ? fields.inputs : {})),
      section("Evaluators", ...evaluators({ ...top("evaluators"), offered }, list("evaluators"))),
      section("Gates", ...gates({ ...top("gates"), isBrief: true }, list("gates"))));
    if (!context.editable) for (const control of form.querySelectorAll("input,select,textarea,button")) control.disabled = true;
    return form;
  }

  return { build };
})();

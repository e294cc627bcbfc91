const form = document.getElementById("filters");
const products = [...document.querySelectorAll("details.product")];

function apply() {
  const wanted = Object.fromEntries(new FormData(form));
  const text = (wanted.text || "").toLowerCase();
  const any = text || wanted.rule || wanted.severity || wanted.state;
  let shown = 0;
  const domains = new Set();
  for (const product of products) {
    const inDomain = !wanted.domain || product.dataset.domain === wanted.domain;
    const named = product.dataset.file.toLowerCase().includes(text);
    let visible = 0;
    const findings = product.querySelectorAll("article");
    for (const finding of findings) {
      const fits = inDomain
        && (!wanted.rule || finding.dataset.rule === wanted.rule)
        && (!wanted.severity || finding.dataset.severity === wanted.severity)
        && (!wanted.state || finding.dataset.state.split(" ").includes(wanted.state))
        && (named || finding.textContent.toLowerCase().includes(text));
      finding.hidden = !fits;
      visible += fits;
    }
    const clean = findings.length === 0 && inDomain && (wanted.clean ? !any || named : false);
    product.hidden = !(visible || clean);
    shown += visible;
    if (!product.hidden) domains.add(product.dataset.domain);
  }
  for (const title of document.querySelectorAll("h2.domain")) title.hidden = !domains.has(title.dataset.of);
  document.getElementById("shown").textContent = shown === 1 ? "1 finding" : `${shown} findings`;
}

form.addEventListener("input", apply);
form.addEventListener("submit", (event) => event.preventDefault());
for (const link of document.querySelectorAll("a[data-domain]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    form.elements.domain.value = link.dataset.domain;
    form.elements.clean.checked = true;
    apply();
    form.scrollIntoView();
  });
}
apply();

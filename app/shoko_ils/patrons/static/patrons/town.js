// 郵便番号 → 町名: a code of the site's list that is of one town fills it in. Nothing is asked of any network.
"use strict";
{
  const [code, address] = ["postal_code", "address"].map((name) => document.querySelector(`main [name=${name}]`));
  const towns = document.querySelector("#postal-codes");
  let filled = "";
  code.addEventListener("input", () => {
    const given = code.value.normalize("NFKC").replace(/[^0-9]/g, "");
    const [found, another] = [...towns.options].filter((each) => each.value === given);
    // what a person typed stays
    if (found && !another && (address.value === "" || address.value === filled)) {
      filled = found.label;
      address.value = filled;
    }
  });
}

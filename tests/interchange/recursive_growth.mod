// Growth with recursive preferences and stochastic volatility (Caldara, Fernandez-Villaverde, Rubio-Ramirez and
// Yao, 2012). The certainty equivalent has an equation of its own, since a .mod file takes expectations of equations.
var V ev u c l y k z log_sigma;
varexo e w;
parameters beta nu zeta delta psi gamma lam rho sigma_bar eta;
beta = 0.991; nu = 0.362184314170512; zeta = 0.3; delta = 0.0196; psi = 0.5; gamma = 5;
lam = 0.95; rho = 0.9; sigma_bar = 0.007; eta = 0.06;

model;
  # R = ev^(1/(1-gamma));
  u = c^nu*(1-l)^(1-nu);
  [name = 'certainty equivalent'] ev = V(+1)^(1-gamma);
  [name = 'value'] V^(1-1/psi) = (1-beta)*u^(1-1/psi) + beta*R^(1-1/psi);
  [name = 'euler']
  1 = beta*(u(+1)/u)^(1-1/psi)*c/c(+1)*(V(+1)/R)^(1/psi-gamma)*(1 - delta + zeta*y(+1)/k);
  (1-nu)/nu*c/(1-l) = (1-zeta)*y/l;
  y = exp(z)*k(-1)^zeta*l^(1-zeta);
  k = y - c + (1-delta)*k(-1);
  z = lam*z(-1) + exp(log_sigma)*e;
  log_sigma = (1-rho)*log(sigma_bar) + rho*log_sigma(-1) + eta*w;
end;

steady_state_model;
  z = 0;
  log_sigma = log(sigma_bar);
  ratio = ((1/beta - 1 + delta)/zeta)^(1/(zeta-1));       // capital per hour
  consumed = 1 - delta*ratio^(1-zeta);                    // consumption over output
  odds = nu/(1-nu)*(1-zeta)/consumed;
  l = odds/(1+odds);
  k = ratio*l;
  y = k^zeta*l^(1-zeta);
  c = consumed*y;
  u = c^nu*(1-l)^(1-nu);
  V = u;
  ev = V^(1-gamma);
end;

shocks;
  var e; stderr 1;
  var w; stderr 1;
end;

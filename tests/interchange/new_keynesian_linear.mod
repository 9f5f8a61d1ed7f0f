// The linear three-equation economy (Gali, 2008, chapter 3): deviations from the steady state. The innovation of the
// policy rate has no law of its own.
var pi      (long_name = 'inflation')
    gap     (long_name = 'output gap')
    rate    (long_name = 'nominal rate, deviation')
    v       (long_name = 'monetary policy shock');
varexo e, w;
parameters beta sigma kappa phi_pi phi_y rho_v;
beta = 0.99; sigma = 1; kappa = 0.1275; phi_pi = 1.5; phi_y = 0.125; rho_v = 0.5;

model(linear);
  pi = beta*pi(+1) + kappa*gap;
  gap = gap(+1) - 1/sigma*(rate - pi(+1));
  rate = phi_pi*pi + phi_y*gap + v + w;
  v = rho_v*v(-1) + e;
end;

shocks;
  var e; stderr 0.25;
  var w; stderr 0.1;
  corr e, w = 0.5;
end;

stoch_simul(order = 1, irf = 0);
